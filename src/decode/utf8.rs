//! Bytes to text: byte order marks, UTF-16 that declares itself, and the few faults of UTF-8 that have exactly one
//! reading. Never guesses a charset.

use std::borrow::Cow;

use crate::article::Rejection;
use crate::article::RejectionCode;

/// Text, and whether it had to be repaired.
pub(super) struct Decoded<'b> {
    /// Without byte order mark.
    pub(super) text: Cow<'b, str>,
    /// True where a fault with one reading was repaired.
    pub(super) repaired: bool,
}

/// True where the bytes open with a byte order mark of UTF-16.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF])
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Rejection> {
    if is_utf16(bytes) {
        return utf16(bytes);
    }
    let (bytes, skipped) = match bytes.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, 3),
        None => (bytes, 0),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded {
            text: Cow::Borrowed(text),
            repaired: false,
        }),
        Err(_) => repair(bytes, skipped),
    }
}

/// Three faults have one reading: a character cut off by the end of the payload, a pair of surrogates encoded one by
/// one (CESU-8), and Java's two-byte NUL.
fn repair(bytes: &[u8], skipped: usize) -> Result<Decoded<'_>, Rejection> {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(valid) => {
                text.push_str(valid);
                break;
            }
            Err(error) => error,
        };
        let (valid, bad) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        if error.error_len().is_none() {
            break;
        }
        let Some((character, length)) = one_reading(bad) else {
            return Err(not_utf8("no valid UTF-8", skipped + bytes.len() - bad.len()));
        };
        text.push(character);
        rest = bad.get(length..).unwrap_or_default();
    }
    Ok(Decoded {
        text: Cow::Owned(text),
        repaired: true,
    })
}

fn one_reading(bad: &[u8]) -> Option<(char, usize)> {
    match *bad {
        [0xC0, 0x80, ..] => Some(('\0', 2)),
        [
            0xED,
            high @ 0xA0..=0xAF,
            a @ 0x80..=0xBF,
            0xED,
            low @ 0xB0..=0xBF,
            b @ 0x80..=0xBF,
            ..,
        ] => {
            let high = (u32::from(high & 0x0F) << 6) | u32::from(a & 0x3F);
            let low = (u32::from(low & 0x0F) << 6) | u32::from(b & 0x3F);
            char::from_u32(0x1_0000 + (high << 10) + low).map(|character| (character, 6))
        }
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let little = bytes.first() == Some(&0xFF);
    let units = bytes
        .get(2..)
        .unwrap_or_default()
        .chunks_exact(2)
        .map(|pair| match *pair {
            [a, b] if little => u16::from_le_bytes([a, b]),
            [a, b] => u16::from_be_bytes([a, b]),
            _ => 0xFFFD,
        });
    if !bytes.len().is_multiple_of(2) {
        return Err(not_utf8("half a UTF-16 unit", bytes.len() - 1));
    }
    let mut text = String::with_capacity(bytes.len());
    let mut at = 2;
    for character in char::decode_utf16(units) {
        let Ok(character) = character else {
            return Err(not_utf8("half a UTF-16 surrogate pair", at));
        };
        at += 2 * character.len_utf16();
        text.push(character);
    }
    Ok(Decoded {
        text: Cow::Owned(text),
        repaired: false,
    })
}

fn not_utf8(what: &str, at: usize) -> Rejection {
    Rejection::new(RejectionCode::NotUtf8, format!("{what} at byte {at}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_repairs_what_has_one_reading() {
        let table: [(&[u8], &str, bool); 9] = [
            (b"plain", "plain", false),
            ("Zürich 😀".as_bytes(), "Zürich 😀", false),
            (b"\xEF\xBB\xBFmark", "mark", false),
            (b"\xFF\xFEA\x00\x3D\xD8\x00\xDE", "A😀", false),
            (b"\xFE\xFF\x00A\xD8\x3D\xDE\x00", "A😀", false),
            (b"cut Z\xC3", "cut Z", true),
            (b"cut \xF0\x9F\x98", "cut ", true),
            (b"a\xED\xA0\xBD\xED\xB8\x80b", "a😀b", true),
            (b"a\xC0\x80b", "a\0b", true),
        ];
        for (bytes, text, repaired) in table {
            let decoded = decode(bytes).unwrap();
            assert_eq!(
                (decoded.text.as_ref(), decoded.repaired),
                (text, repaired),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn refuses_what_would_be_a_guess() {
        let table: [(&[u8], &str); 6] = [
            (b"caf\xE9 au lait", "at byte 3"),
            (b"\xEF\xBB\xBFcaf\xE9!", "at byte 6"),
            (b"smart \x93quotes\x94", "at byte 6"),
            (b"half \xED\xA0\xBD pair", "at byte 5"),
            (b"\xFF\xFEA\x00\x3D\xD8", "at byte 4"),
            (b"\xFF\xFEA\x00B", "at byte 4"),
        ];
        for (bytes, place) in table {
            let rejection = decode(bytes).map(|d| d.text.into_owned()).unwrap_err();
            assert_eq!(rejection.code, RejectionCode::NotUtf8, "{bytes:x?}");
            assert!(
                rejection.message.ends_with(place),
                "{} / {place}",
                rejection.message
            );
        }
    }
}
