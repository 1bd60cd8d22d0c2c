//! Neither direction of the codec allocates once its buffers are warm.

#[path = "../benches/codec/content.rs"]
mod content;

use allocation_counter::measure;
use content::{pair, probe, Protection};
use shoal_core::wire::{encode_frame, FrameDecoder};

#[test]
fn encoding_and_decoding_a_probe_with_eight_updates_allocates_nothing() {
    for protection in Protection::ALL {
        let (mut sender, mut receiver) = pair(protection);
        let messages = probe();
        let mut out = Vec::new();
        sender.encode(&mut out, &messages);
        assert_eq!(receiver.decode(&mut out), 9);
        let info = measure(|| {
            sender.encode(&mut out, &messages);
            assert_eq!(receiver.decode(&mut out), 9);
        });
        assert_eq!(info.count_total, 0, "{protection:?}");
    }
}

#[test]
fn whole_frames_are_decoded_without_allocating() {
    let mut stream = Vec::new();
    for correlation in 0..100 {
        encode_frame(&mut stream, 1, 0, correlation, &[7; 50], None).unwrap();
    }
    let mut decoder = FrameDecoder::new(100);
    let info = measure(|| {
        decoder
            .feed(&stream, |frame| assert_eq!(frame.kind, 1))
            .unwrap()
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn a_decoder_holds_no_more_than_has_arrived() {
    let mut frame = Vec::new();
    encode_frame(&mut frame, 1, 0, 1, &vec![7; 1 << 20], None).unwrap();
    let mut decoder = FrameDecoder::new(1 << 24);
    let info = measure(|| decoder.feed(&frame[..1_000], |_| ()).unwrap());
    assert!(info.bytes_max <= 1_000, "{} bytes for 1000", info.bytes_max);
}
