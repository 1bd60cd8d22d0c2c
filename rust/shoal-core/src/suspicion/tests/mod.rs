mod extension;
mod health;
mod job;
mod node;
mod timeout;

use core::time::Duration;

use super::*;
use crate::Instant;

type Table = SuspicionTable<u64, u32>;

const SECOND: u64 = 1_000_000;

fn at(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn seconds(seconds: u64) -> Instant {
    at(seconds * SECOND)
}

/// 5 to 30 seconds, three confirmations expected.
fn usual() -> Timeout {
    Timeout::new(Duration::from_secs(5), Duration::from_secs(30), 3)
}

fn table() -> Table {
    Table::new(Instant::ZERO, Limits::default())
}

fn node(node: u32) -> Subject<u64, u32> {
    Subject::node(node)
}

fn job(job: u64, node: u32) -> Subject<u64, u32> {
    Subject::job(job, node)
}

/// Opens a suspicion of `subject` at incarnation 1 on the word of node 100.
fn open(table: &mut Table, subject: Subject<u64, u32>, now: Instant) {
    assert_eq!(
        table.suspect(subject, 1, 100, usual(), now),
        Verdict::Opened
    );
}

fn expired(table: &mut Table, now: Instant) -> Vec<Expiry<u64, u32>> {
    let mut expired = Vec::new();
    table.expire(now, &mut expired);
    expired
}

fn dead(table: &mut Table, now: Instant) -> Vec<Subject<u64, u32>> {
    expired(table, now)
        .into_iter()
        .map(|expiry| expiry.subject)
        .collect()
}
