use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashSet;
use std::sync::Arc;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

use super::{bucket_of, instance_of, Claim, Digest, Identity, MemberId, Pool, Table};
use crate::chance::below;
use crate::event::MemberState;
use crate::time::Instant;
use crate::wire::Versions;

fn identity(name: &str, instance: u64) -> Arc<Identity> {
    Arc::new(Identity {
        name: Arc::from(name),
        instance,
        address: SocketAddr::from(([10, 0, 0, 1], 1000)),
        meta_version: 0,
        meta: Arc::from(&b""[..]),
        versions: Versions::OURS,
    })
}

fn table(others: u64) -> (Table, Vec<MemberId>) {
    let mut table = Table::new(identity("me", 1), Instant::ZERO, 7);
    let ids = (0..others)
        .map(|i| {
            let identity = identity(&format!("n{i}"), 100 + i);
            table.insert(identity, 0, MemberState::Alive, Instant::ZERO)
        })
        .collect();
    (table, ids)
}

fn claim(instance: u64, incarnation: u32, state: MemberState) -> Claim {
    Claim {
        instance,
        incarnation,
        state,
    }
}

#[test]
fn claims_order_by_life_then_incarnation_then_severity_11_31() {
    use MemberState::{Alive, Dead, Left, Suspect};
    let ascending = [
        claim(1, 0, Alive),
        claim(1, 0, Suspect),
        claim(1, 0, Dead),
        claim(1, 0, Left),
        claim(1, 1, Alive),
        claim(1, 9, Left),
        claim(2, 0, Alive),
    ];
    assert!(ascending.is_sorted());
}

#[test]
fn every_cycle_probes_everyone_once_in_an_order_of_its_own_11_41() {
    let (mut table, ids) = table(50);
    let mut rng = Pcg32::seed_from_u64(1);
    let cycles: Vec<Vec<MemberId>> = (0..3)
        .map(|_| {
            ids.iter()
                .map(|_| table.next_target(&mut rng).unwrap())
                .collect()
        })
        .collect();
    for cycle in &cycles {
        assert_eq!(cycle.iter().collect::<HashSet<_>>().len(), ids.len());
    }
    assert_ne!(cycles[0], cycles[1]);
    assert_ne!(cycles[1], cycles[2]);
}

#[test]
fn under_churn_nobody_waits_longer_than_two_cycles_11_41() {
    let (mut table, ids) = table(20);
    let mut rng = Pcg32::seed_from_u64(2);
    let steady = &ids[..10];
    let mut since = [0; 10];
    for step in 0..2_000_u64 {
        let drawn = table.next_target(&mut rng).unwrap();
        for (waited, id) in since.iter_mut().zip(steady) {
            *waited = if *id == drawn { 0 } else { *waited + 1 };
            assert!(*waited < 2 * 20, "at step {step}");
        }
        let churned = ids[10 + (step % 10) as usize];
        let now = Instant::from_millis(step + 1);
        let next = if table.row(churned).state.is_living() {
            MemberState::Dead
        } else {
            MemberState::Alive
        };
        table.set_state(churned, next, step as u32, now);
    }
}

#[test]
fn rows_are_found_by_name_and_by_instance_until_forgotten() {
    let (mut table, ids) = table(3);
    assert_eq!(table.by_name("n1"), Some(ids[1]));
    assert_eq!(table.by_instance(101), Some(ids[1]));
    table.set_identity(ids[1], identity("n1", 500));
    assert_eq!(table.by_instance(101), None);
    assert_eq!(table.by_instance(500), Some(ids[1]));

    assert!(
        table.forget(ids[1]).is_none(),
        "the living are not forgotten"
    );
    table.set_state(ids[1], MemberState::Left, 0, Instant::from_millis(1));
    assert!(table.forget(ids[1]).is_some());
    assert_eq!((table.by_name("n1"), table.by_instance(500)), (None, None));
    let again = table.insert(identity("n9", 9), 0, MemberState::Alive, Instant::ZERO);
    assert_eq!(again, ids[1], "ids are used again");
    assert_eq!(table.living(), 4);
}

#[test]
fn departures_are_remembered_in_order_and_undone_ones_do_not_pile_up() {
    let (mut table, ids) = table(4);
    for round in 0..1_000 {
        let now = Instant::from_millis(round);
        table.set_state(ids[0], MemberState::Dead, 0, now);
        table.set_state(ids[0], MemberState::Alive, 0, now);
    }
    let late = Instant::from_millis(2_000);
    table.set_state(ids[2], MemberState::Dead, 0, late);
    table.set_state(ids[2], MemberState::Left, 0, late + Duration::from_secs(1));
    table.set_state(ids[1], MemberState::Dead, 0, late + Duration::from_secs(2));
    assert_eq!(table.oldest_gone(), Some((ids[2], late)));
    let recent: Vec<_> = table.recently_dead(Instant::ZERO, 10).collect();
    assert_eq!(recent, [ids[1]], "the departed are not told the news");
    assert_eq!(table.gone(), 2);
}

#[test]
fn equal_views_have_equal_digests_however_they_came_about() {
    let (mut a, ids) = table(40);
    let (mut b, _) = table(40);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    a.set_state(ids[3], MemberState::Dead, 0, Instant::from_millis(1));
    a.set_state(ids[3], MemberState::Alive, 5, Instant::from_millis(2));
    b.set_state(ids[3], MemberState::Suspect, 5, Instant::from_millis(9));
    for width in [1, 16, 1024] {
        a.fold(width, &mut left);
        b.fold(width, &mut right);
        assert_eq!(left, right);
        assert_eq!(left.len(), width);
    }
    b.set_state(ids[3], MemberState::Dead, 5, Instant::from_millis(10));
    b.fold(64, &mut right);
    a.fold(64, &mut left);
    let differing: Vec<_> = (0..64).filter(|&i| left[i] != right[i]).collect();
    assert_eq!(differing, [bucket_of(103, 64)]);
}

#[test]
fn a_view_that_grew_has_the_digest_of_one_that_was_always_large() {
    let (large, _) = table(300);
    let (mut small, _) = table(3);
    for number in 3..300 {
        let identity = identity(&format!("n{number}"), 100 + number);
        small.insert(identity, 0, MemberState::Alive, Instant::ZERO);
    }
    for width in [1, 64, 128, 1024] {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        small.fold(width, &mut left);
        large.fold(width, &mut right);
        assert_eq!(left, right);
    }
    assert_eq!(small.root(), large.root());
}

#[test]
fn an_exchange_is_as_wide_as_the_view_needs() {
    assert_eq!(Digest::width(1), 1);
    assert_eq!(Digest::width(100), 32);
    assert_eq!(Digest::width(1_000_000), 1024);
}

#[test]
fn a_later_boot_is_a_larger_instance_and_names_that_boot_at_once_differ() {
    assert!(instance_of("a", 2) > instance_of("a", 1));
    assert!(instance_of("a", 2) > instance_of("b", 1));
    assert_ne!(instance_of("a", 1), instance_of("b", 1));
}

#[test]
fn a_row_takes_forty_bytes() {
    assert_eq!(size_of::<Option<super::Row>>(), 40);
}

#[test]
fn slots_find_what_a_map_finds_through_growth_removal_and_return() {
    use super::slots::Slots;
    use std::collections::BTreeMap;

    let mut rng = Pcg32::seed_from_u64(11);
    let mut slots = Slots::default();
    let mut hashes: Vec<u64> = Vec::new();
    let mut model: BTreeMap<u64, u32> = BTreeMap::new();
    let mut free: Vec<u32> = Vec::new();
    for _ in 0..20_000 {
        if model.is_empty() || below(&mut rng, 5) < 3 {
            // Few distinct places, so that runs of occupied slots form and wrap round.
            let hash = (rng.next_u64() & 0xff00_0000_0000_00ff) | u64::from(rng.next_u32()) << 20;
            if model.contains_key(&hash) {
                continue;
            }
            let row = free.pop().unwrap_or(hashes.len() as u32);
            hashes.resize(hashes.len().max(row as usize + 1), 0);
            hashes[row as usize] = hash;
            slots.insert(row, |row| hashes[row as usize]);
            model.insert(hash, row);
        } else {
            let nth = below(&mut rng, model.len());
            let (&hash, &row) = model.iter().nth(nth).expect("there are as many");
            let hash_of = |row: u32| hashes[row as usize];
            slots.remove(hash, |id| hash_of(id) == hash, hash_of);
            model.remove(&hash);
            free.push(row);
        }
        let probe = below(&mut rng, hashes.len());
        let hash = hashes[probe];
        let found = slots.find(hash, |row| hashes[row as usize] == hash);
        assert_eq!(found, model.get(&hash).copied());
    }
    for (hash, row) in &model {
        assert_eq!(
            slots.find(*hash, |row| hashes[row as usize] == *hash),
            Some(*row)
        );
    }
}

#[test]
fn what_nobody_holds_any_more_is_forgotten_by_the_pool() {
    let pool = Pool::new();
    let of = |instance: u64| pool.intern(&identity("n", instance).record(0));
    let held = of(7);
    for instance in 1_000..3_000 {
        drop(of(instance));
    }
    assert!(Arc::ptr_eq(&held, &of(7)));
    assert!(pool.len() < 600, "{}", pool.len());
}
