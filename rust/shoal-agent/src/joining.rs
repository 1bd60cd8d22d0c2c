//! Which join waits for which seeds, so that its caller learns how it went.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::command::{Outcome, RequestId};

/// Joins whose caller has no answer yet.
#[derive(Default)]
pub(crate) struct Joins(Vec<Waiting>);

struct Waiting {
    request: RequestId,
    open: BTreeSet<SocketAddr>,
    failures: Vec<(SocketAddr, String)>,
}

impl Joins {
    pub(crate) fn add(&mut self, request: RequestId, seeds: &[SocketAddr]) {
        self.0.push(Waiting {
            request,
            open: seeds.iter().copied().collect(),
            failures: Vec::new(),
        });
    }

    /// A seed let us in, which decides every join that waits for it.
    pub(crate) fn completed(
        &mut self,
        seed: SocketAddr,
        members: usize,
    ) -> Vec<(RequestId, Outcome)> {
        let mut decided = Vec::new();
        self.0.retain(|waiting| {
            let ours = waiting.open.contains(&seed);
            if ours {
                decided.push((waiting.request, Outcome::Joined { seed, members }));
            }
            !ours
        });
        decided
    }

    /// A seed failed, which decides the joins that have no other.
    pub(crate) fn failed(&mut self, seed: SocketAddr, reason: &str) -> Vec<(RequestId, Outcome)> {
        let mut decided = Vec::new();
        self.0.retain_mut(|waiting| {
            if waiting.open.remove(&seed) {
                waiting.failures.push((seed, reason.to_owned()));
            }
            let failed = waiting.open.is_empty();
            if failed {
                let failures = std::mem::take(&mut waiting.failures);
                decided.push((waiting.request, Outcome::JoinFailed(failures)));
            }
            !failed
        });
        decided
    }

    /// Every request still open, for a membership that stops.
    pub(crate) fn abandon(&mut self) -> impl Iterator<Item = RequestId> + '_ {
        self.0.drain(..).map(|waiting| waiting.request)
    }
}

#[cfg(test)]
mod tests {
    use super::Joins;
    use crate::command::Outcome;
    use std::net::SocketAddr;

    fn seed(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    #[test]
    fn one_seed_that_answers_decides_the_join() {
        let mut joins = Joins::default();
        joins.add(7, &[seed(1), seed(2)]);
        assert!(joins.failed(seed(1), "refused").is_empty());
        let decided = joins.completed(seed(2), 3);
        assert!(matches!(
            decided[..],
            [(7, Outcome::Joined { members: 3, .. })]
        ));
        assert!(
            joins.failed(seed(2), "refused").is_empty(),
            "a decided join is forgotten"
        );
    }

    #[test]
    fn a_join_fails_once_every_seed_has_and_names_each() {
        let mut joins = Joins::default();
        joins.add(7, &[seed(1), seed(2)]);
        assert!(joins.failed(seed(2), "refused").is_empty());
        let decided = joins.failed(seed(1), "refused");
        let [(7, Outcome::JoinFailed(failures))] = &decided[..] else {
            panic!("{decided:?}");
        };
        assert_eq!(failures.len(), 2);
    }

    #[test]
    fn another_joins_seed_decides_nothing() {
        let mut joins = Joins::default();
        joins.add(7, &[seed(1)]);
        assert!(joins.failed(seed(9), "refused").is_empty());
        assert_eq!(joins.abandon().collect::<Vec<_>>(), [7]);
    }
}
