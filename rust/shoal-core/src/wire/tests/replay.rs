use std::collections::HashSet;

use proptest::prelude::*;

use crate::wire::crypto::{ReplayTable, Sender, WINDOW};

const SENDER: Sender = Sender {
    instance: 1,
    salt: 1,
};

proptest! {
    /// Nothing is accepted twice; nothing new within the window is refused (RFC 6479).
    #[test]
    fn the_window_agrees_with_remembering_everything(
        start in prop_oneof![0..5_000u64, Just(u64::MAX - 10_000)],
        steps in prop::collection::vec((0..9_000u64, 1..4usize), 1..200),
    ) {
        let mut table = ReplayTable::new(4, 0);
        let mut accepted = HashSet::new();
        let mut highest = None;
        for (offset, repeats) in steps {
            let counter = start + offset;
            for _ in 0..repeats {
                let refused = table.has_seen(&SENDER, counter);
                let stale = highest.is_some_and(|top| counter + WINDOW <= top);
                prop_assert_eq!(refused, stale || accepted.contains(&counter));
                if !refused {
                    table.record(SENDER, counter);
                    accepted.insert(counter);
                    highest = highest.max(Some(counter));
                }
            }
        }
    }
}

#[test]
fn the_table_never_outgrows_its_capacity_and_forgets_the_silent_first() {
    let mut table = ReplayTable::new(8, 0);
    let sender = |instance| Sender { instance, salt: 0 };
    for instance in 0..1_000 {
        table.record(sender(0), instance);
        table.record(sender(1_000 + instance), 1);
        assert!(table.len() <= 8);
        assert!(
            table.has_seen(&sender(0), instance),
            "the busy sender stays known"
        );
    }
}
