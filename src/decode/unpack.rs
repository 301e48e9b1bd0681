//! Compressed payloads to their bytes: gzip, zlib and zstd by their first bytes, once, up to a bound. Never
//! unpacks what was packed twice, nor archives of several files.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use flate2::read::ZlibDecoder;

use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::limits::Limits;

const GZIP: &[u8] = b"\x1F\x8B\x08";
const ZSTD: &[u8] = b"\x28\xB5\x2F\xFD";
/// Largest window of zstd, as a power of two: 32 MiB. Levels up to 19 use 8 MiB.
const WINDOW_LOG_MAX: u32 = 25;

/// The payload itself, or what was packed in it.
///
/// # Errors
/// Where the packed bytes are broken, or hold more than `payload_bytes_max`.
pub fn unpack<'b>(bytes: &'b [u8], limits: &Limits) -> Result<Cow<'b, [u8]>, Rejection> {
    if bytes.starts_with(GZIP) {
        read(MultiGzDecoder::new(bytes), limits).map(Cow::Owned)
    } else if is_zlib(bytes) {
        read(ZlibDecoder::new(bytes), limits).map(Cow::Owned)
    } else if bytes.starts_with(ZSTD) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| broken())?;
        decoder.window_log_max(WINDOW_LOG_MAX).map_err(|_| broken())?;
        read(decoder, limits).map(Cow::Owned)
    } else {
        Ok(Cow::Borrowed(bytes))
    }
}

/// RFC 1950: 0x78, and a second byte that makes both a multiple of 31; no text opens so, for its levels' second
/// bytes are "x" before a control character, a caret or a byte that is no UTF-8.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [0x78, 0x01 | 0x9C | 0xDA, ..])
}

fn read(decoder: impl Read, limits: &Limits) -> Result<Vec<u8>, Rejection> {
    let most = limits.payload_bytes_max;
    let mut unpacked = Vec::new();
    let mut bounded = decoder.take(most as u64 + 1);
    bounded.read_to_end(&mut unpacked).map_err(|_| broken())?;
    if unpacked.len() > most {
        let message = format!("unpacked it has more than {most} bytes");
        return Err(Rejection::new(RejectionCode::TooLarge, message));
    }
    Ok(unpacked)
}

fn broken() -> Rejection {
    Rejection::new(
        RejectionCode::InvalidCompression,
        "the compressed data are broken or cut off",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, RejectionCode> {
        let limits = Limits {
            payload_bytes_max: 1_000_000,
            ..Limits::default()
        };
        unpack(bytes, &limits)
            .map(Cow::into_owned)
            .map_err(|rejection| rejection.code)
    }

    #[test]
    fn unpacks_once() {
        let text = b"PARIS -- It rained.".as_slice();
        let zstd = zstd::encode_all(text, 3).unwrap();
        for packed in [gzip(text), zlib(text), zstd.clone(), text.to_vec()] {
            assert_eq!(unpacked(&packed), Ok(text.to_vec()));
        }
        assert_eq!(unpacked(&gzip(&gzip(text))), Ok(gzip(text)));
    }

    #[test]
    fn refuses_broken_data_and_bombs() {
        let bomb = vec![0; 100_000_000];
        for packed in [
            gzip(&bomb),
            zlib(&bomb),
            zstd::encode_all(bomb.as_slice(), 3).unwrap(),
        ] {
            assert!(packed.len() < 200_000);
            assert_eq!(unpacked(&packed), Err(RejectionCode::TooLarge));
        }
        let text = b"PARIS -- It rained.".repeat(9);
        for packed in [
            gzip(&text),
            zlib(&text),
            zstd::encode_all(text.as_slice(), 3).unwrap(),
        ] {
            assert_eq!(
                unpacked(&packed[..packed.len() - 9]),
                Err(RejectionCode::InvalidCompression)
            );
            let mut broken = packed.clone();
            broken[12] ^= 0xFF;
            broken[13] ^= 0xFF;
            assert!(unpacked(&broken) != Ok(text.clone()));
        }
    }
}
