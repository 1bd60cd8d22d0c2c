use allocation_counter::measure;
use proptest::prelude::*;

use crate::{samples, targets};

/// A valid stream of messages with some bytes replaced.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8).prop_map(|changes| {
        let entries = samples::entries();
        let mut bytes = Vec::new();
        for (_, message) in samples::all(&entries) {
            message.encode(&mut bytes);
        }
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

proptest! {
    /// No panic and no allocation: earlier-membership 11.55.
    #[test]
    fn any_bytes_are_survived_by_every_decoder(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        targets::messages(&bytes);
        targets::datagram(&bytes);
        targets::frame(&bytes);
    }

    #[test]
    fn nearly_valid_messages_are_survived_without_allocating(bytes in spoiled()) {
        targets::messages(&[]);
        let info = measure(|| targets::messages(&bytes));
        prop_assert_eq!(info.count_total, 0);
    }

    #[test]
    fn frames_of_any_bytes_hold_no_more_than_arrived(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let info = measure(|| {
            let mut decoder = shoal_core::wire::FrameDecoder::new(1 << 20);
            let _refused = decoder.feed(&bytes, |_| ());
        });
        let smallest_buffer = 8;
        prop_assert!(info.bytes_max <= smallest_buffer.max(bytes.len() as u64));
    }
}
