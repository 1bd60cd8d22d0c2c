//! Writing frames.

use lz4_flex::block::{compress_into, get_maximum_output_size};

use super::{
    FrameError, COMPRESSED, FLAGS_AT, FRAME_HEADER_BYTES, FRAME_VERSION, KIND_AT, MAX_KIND,
    USER_FLAGS,
};

/// Appends a frame to `out`.
///
/// A payload of at least `compress_threshold` bytes is compressed, and sent so where that
/// makes it shorter. Fails, leaving `out` as it was, on a kind or flags that are not the
/// caller's to use, or on a payload of 4 GiB.
pub fn encode_frame(
    out: &mut Vec<u8>,
    kind: u8,
    flags: u16,
    correlation: u64,
    payload: &[u8],
    compress_threshold: Option<usize>,
) -> Result<(), FrameError> {
    let at = out.len() as u64;
    if kind == 0 || kind > MAX_KIND {
        return Err(FrameError::Kind {
            kind,
            at: at + KIND_AT,
        });
    }
    if flags & !USER_FLAGS != 0 {
        return Err(FrameError::Flags {
            flags,
            at: at + FLAGS_AT,
        });
    }
    let Ok(length) = u32::try_from(payload.len()) else {
        let limit = u64::from(u32::MAX);
        return Err(FrameError::Oversize {
            length: payload.len() as u64,
            limit,
            at,
        });
    };
    if compress_threshold.is_some_and(|threshold| payload.len() >= threshold)
        && put_compressed(out, kind, flags, correlation, payload, length)
    {
        return Ok(());
    }
    put_header(out, length, kind, flags, correlation);
    out.extend_from_slice(payload);
    Ok(())
}

fn put_header(out: &mut Vec<u8>, length: u32, kind: u8, flags: u16, correlation: u64) {
    let mut header = [0; FRAME_HEADER_BYTES];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4] = FRAME_VERSION;
    header[5] = kind;
    header[6..8].copy_from_slice(&flags.to_le_bytes());
    header[8..].copy_from_slice(&correlation.to_le_bytes());
    out.extend_from_slice(&header);
}

/// Appends the frame compressed, unless that is no shorter; then leaves `out` as it was.
fn put_compressed(
    out: &mut Vec<u8>,
    kind: u8,
    flags: u16,
    correlation: u64,
    payload: &[u8],
    expanded: u32,
) -> bool {
    let start = out.len();
    put_header(out, 0, kind, flags | COMPRESSED, correlation);
    out.extend_from_slice(&expanded.to_le_bytes());
    let block = out.len();
    out.resize(block + get_maximum_output_size(payload.len()), 0);
    let length = match compress_into(payload, &mut out[block..]) {
        Ok(written) if written + 4 < payload.len() => written + 4,
        _ => {
            out.truncate(start);
            return false;
        }
    };
    out.truncate(start + FRAME_HEADER_BYTES + length);
    out[start..start + 4].copy_from_slice(&(length as u32).to_le_bytes());
    true
}
