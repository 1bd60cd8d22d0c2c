use crate::wire::*;

fn frames(decoder: &mut FrameDecoder, bytes: &[u8]) -> Result<Vec<(u8, u64, Vec<u8>)>, FrameError> {
    let mut seen = Vec::new();
    decoder.feed(bytes, |f| {
        seen.push((f.kind, f.correlation, f.payload.to_vec()))
    })?;
    Ok(seen)
}

fn stream() -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, 1, 0, 10, b"first", None).unwrap();
    encode_frame(&mut out, 2, 3, 11, &[7; 5_000], Some(1_000)).unwrap();
    encode_frame(&mut out, 63, 0xff, u64::MAX, b"", None).unwrap();
    out
}

#[test]
fn frames_come_out_the_same_however_the_stream_is_cut() {
    let stream = stream();
    let whole = frames(&mut FrameDecoder::new(10_000), &stream).unwrap();
    assert_eq!(whole.len(), 3);
    for piece in 1..stream.len() {
        let mut decoder = FrameDecoder::new(10_000);
        let mut seen = Vec::new();
        for bytes in stream.chunks(piece) {
            seen.extend(frames(&mut decoder, bytes).unwrap());
        }
        assert_eq!(seen, whole, "pieces of {piece}");
        assert_eq!(decoder.buffered(), 0);
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_before_any_of_it_is_buffered() {
    let mut out = Vec::new();
    encode_frame(&mut out, 1, 0, 1, b"ok", None).unwrap();
    encode_frame(&mut out, 1, 0, 1, &[0; 101], None).unwrap();
    let mut decoder = FrameDecoder::new(100);
    let refused = FrameError::Oversize {
        length: 101,
        limit: 100,
        at: 18,
    };
    assert_eq!(frames(&mut decoder, &out[..34]), Err(refused));
    assert_eq!(decoder.buffered(), 0);
    assert_eq!(frames(&mut decoder, b"anything"), Err(refused));
}

#[test]
fn each_bad_header_field_is_named_with_its_offset() {
    let mut good = Vec::new();
    encode_frame(&mut good, 1, 0, 1, b"", None).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        frames(&mut FrameDecoder::new(100), &bytes)
    };
    assert_eq!(with(4, 9), Err(FrameError::Version { version: 9, at: 4 }));
    assert_eq!(with(5, 0), Err(FrameError::Kind { kind: 0, at: 5 }));
    assert_eq!(with(5, 64), Err(FrameError::Kind { kind: 64, at: 5 }));
    assert_eq!(
        with(7, 2),
        Err(FrameError::Flags {
            flags: 0x200,
            at: 6
        })
    );
}

#[test]
fn a_compression_bomb_is_refused_before_its_size_is_allocated_11_59() {
    let mut bomb = Vec::new();
    encode_frame(&mut bomb, 1, 0, 1, &vec![0; 64 << 20], Some(0)).unwrap();
    assert!(bomb.len() < 300_000);
    let refused = FrameError::Expansion {
        length: 64 << 20,
        limit: 1 << 20,
        at: 16,
    };
    assert_eq!(frames(&mut FrameDecoder::new(1 << 20), &bomb), Err(refused));

    let claim = 1_000_000u32.to_le_bytes();
    let mut lie = Vec::new();
    encode_frame(
        &mut lie,
        1,
        0,
        1,
        &[claim.as_slice(), &[0; 8]].concat(),
        None,
    )
    .unwrap();
    lie[7] = 1;
    let refused = FrameError::Expansion {
        length: 1_000_000,
        limit: 8 * 255,
        at: 16,
    };
    assert_eq!(frames(&mut FrameDecoder::new(2 << 20), &lie), Err(refused));
}

#[test]
fn a_payload_that_does_not_shrink_is_sent_as_it_is() {
    let mut state = 1u32;
    let noise: Vec<u8> = (0..500)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as u8
        })
        .collect();
    let mut out = Vec::new();
    encode_frame(&mut out, 1, 0, 1, &noise, Some(0)).unwrap();
    assert_eq!(out.len(), FRAME_HEADER_BYTES + noise.len());
}

#[test]
fn a_corrupt_compressed_payload_is_refused() {
    let mut out = Vec::new();
    encode_frame(&mut out, 1, 0, 1, &[7; 5_000], Some(0)).unwrap();
    for at in FRAME_HEADER_BYTES..out.len() {
        let mut bytes = out.clone();
        bytes[at] ^= 0x40;
        let result = frames(&mut FrameDecoder::new(10_000), &bytes);
        assert!(result.is_err() || result.unwrap()[0].2.len() == 5_000);
    }
}

#[test]
fn kinds_and_flags_that_are_not_the_callers_are_refused_on_writing() {
    let mut out = Vec::new();
    assert!(encode_frame(&mut out, 0, 0, 1, b"", None).is_err());
    assert!(encode_frame(&mut out, 64, 0, 1, b"", None).is_err());
    assert!(encode_frame(&mut out, 1, 0x100, 1, b"", None).is_err());
    assert!(out.is_empty());
}
