//! Bytes to text by the character set that is declared: by a byte order mark, the `content-type` header, an XML
//! declaration or a page's `<meta>`. What declares none is UTF-8, else detected where nothing can be doubtful, else
//! refused.

use std::borrow::Cow;

use chardetng::EncodingDetector;
use chardetng::Iso2022JpDetection;
use chardetng::Utf8Detection;
use encoding_rs::Encoding;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;

use crate::article::Flag;
use crate::article::Rejection;
use crate::article::RejectionCode;
use crate::decode::utf8;

/// How far a declaration within the text is looked for: a page must have its own in the first 1024 bytes.
const DECLARATION_BYTES: usize = 1024;
/// Fewest bytes beyond ASCII that tell one character set from its kin.
const TELLING_MIN: usize = 40;
/// The Western and Central European sets. They share most of their letters: a text may say the same in all of them.
const LATIN: [&Encoding; 5] = [
    encoding_rs::WINDOWS_1252,
    encoding_rs::WINDOWS_1250,
    encoding_rs::WINDOWS_1254,
    encoding_rs::WINDOWS_1257,
    encoding_rs::WINDOWS_1258,
];

/// Text, and what a reader must know of how it was read.
#[derive(Debug)]
pub(super) struct Text<'b> {
    /// Without byte order mark.
    pub(super) text: Cow<'b, str>,
    /// `utf8_repaired` or `charset_detected`.
    pub(super) flag: Option<Flag>,
}

/// Reads `bytes`; `charset` is the one that the `content-type` header names.
///
/// # Errors
/// Where the bytes do not fit what is declared, or nothing is and no guess is certain.
pub(super) fn read<'b>(bytes: &'b [u8], charset: Option<&str>) -> Result<Text<'b>, Rejection> {
    if utf8::is_utf16(bytes) || bytes.starts_with(b"\xEF\xBB\xBF") {
        return as_utf8(bytes);
    }
    let declared = match charset {
        Some(label) => Some(encoding(label)?),
        None => declaration(bytes).map(|label| encoding(&label)).transpose()?,
    };
    match declared {
        // The declaration was read as ASCII, so its bytes are no UTF-16 (HTML, "determining the character encoding").
        Some(set) if charset.is_none() && (set == UTF_16LE || set == UTF_16BE) => as_utf8(bytes),
        Some(set) if set == UTF_8 => as_utf8(bytes),
        Some(set) => as_declared(bytes, set),
        None => as_utf8(bytes).or_else(|rejection| detected(bytes).ok_or(rejection)),
    }
}

fn encoding(label: &str) -> Result<&'static Encoding, Rejection> {
    Encoding::for_label_no_replacement(label.trim().as_bytes()).ok_or_else(|| {
        let shown: String = label.chars().filter(char::is_ascii_graphic).take(40).collect();
        Rejection::new(
            RejectionCode::NotUtf8,
            format!("the character set {shown} is not known"),
        )
    })
}

fn as_utf8(bytes: &[u8]) -> Result<Text<'_>, Rejection> {
    let decoded = utf8::decode(bytes)?;
    Ok(Text {
        text: decoded.text,
        flag: decoded.repaired.then_some(Flag::Utf8Repaired),
    })
}

/// Bytes that are UTF-8 beyond ASCII are that, whatever older set is declared: by chance no text looks so.
fn as_declared<'b>(bytes: &'b [u8], set: &'static Encoding) -> Result<Text<'b>, Rejection> {
    if set.is_single_byte() && !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return as_utf8(bytes).map(|text| Text {
            flag: Some(Flag::CharsetDetected),
            ..text
        });
    }
    match set.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(Text { text, flag: None }),
        None => Err(Rejection::new(
            RejectionCode::NotUtf8,
            format!("bytes that the declared {} does not have", set.name()),
        )),
    }
}

/// The label in an XML declaration or a `<meta>` of a page.
fn declaration(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(DECLARATION_BYTES))?;
    if !head.contains(&b'<') {
        return None;
    }
    let head: String = head
        .iter()
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let (declared, name) = if head.trim_start().starts_with("<?xml") {
        (head.split("?>").next()?, "encoding")
    } else if head.trim_start().starts_with('<') {
        let meta = head
            .split("<meta")
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or_default());
        (meta.into_iter().find(|meta| meta.contains("charset"))?, "charset")
    } else {
        return None;
    };
    let (_, value) = declared.split_once(name)?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '/' | '>'));
    let label = value.get(..end.unwrap_or(value.len()))?;
    (!label.is_empty()).then(|| label.to_owned())
}

/// The text in the detected set where that is certain: many bytes beyond ASCII tell, of which each half alone
/// tells the same; or it reads the same in every set of its family, and reads like text.
fn detected(bytes: &[u8]) -> Option<Text<'_>> {
    let set = guess(bytes);
    let text = set.decode_without_bom_handling_and_without_replacement(bytes)?;
    let telling: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii()).collect();
    let certain = if LATIN.contains(&set) {
        let same = |other: &&'static Encoding| {
            let read = other.decode_without_bom_handling_and_without_replacement(&telling);
            read == set.decode_without_bom_handling_and_without_replacement(&telling)
        };
        LATIN.iter().all(same) || telling.len() >= TELLING_MIN && halves_agree(bytes, set)
    } else {
        telling.len() >= TELLING_MIN && halves_agree(bytes, set)
    };
    (certain && (!set.is_single_byte() || reads_like_text(&text))).then_some(Text {
        text,
        flag: Some(Flag::CharsetDetected),
    })
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Split at a line or blank, since only there no character is cut in any set.
fn halves_agree(bytes: &[u8], set: &'static Encoding) -> bool {
    let middle = bytes.len() / 2;
    let blank = bytes
        .iter()
        .skip(middle)
        .position(|byte| matches!(byte, b' ' | b'\n'));
    let split = blank.and_then(|at| bytes.split_at_checked(middle + at));
    split.is_some_and(|(first, second)| {
        [first, second]
            .iter()
            .all(|half| !half.is_ascii() && guess(half) == set)
    })
}

/// False where a letter stands in capitals behind a small one, or a sign within a word: another set's letter.
fn reads_like_text(text: &str) -> bool {
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        if !character.is_ascii() && !fits(before, character, after) {
            return false;
        }
        before = character;
    }
    true
}

fn fits(before: char, character: char, after: char) -> bool {
    match character {
        _ if character.is_alphabetic() => !(character.is_uppercase() && before.is_lowercase()),
        // Apostrophes, dashes, soft hyphens and the Catalan dot stand in words.
        '\u{2018}' | '\u{2019}' | '\u{2013}' | '\u{2014}' | '\u{AD}' | '\u{B7}' | '\u{A0}' => true,
        // Low quotation marks never close one.
        '\u{201A}' | '\u{201E}' => !before.is_alphabetic(),
        _ => !(character.is_control() || before.is_alphabetic() && after.is_alphabetic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared_holds() {
        type Case<'a> = (&'a [u8], Option<&'a str>, &'a str, Option<Flag>);
        let table: [Case<'_>; 7] = [
            (b"caf\xE9", Some("ISO-8859-1"), "café", None),
            (b"\x93quoted\x94", Some("windows-1252"), "“quoted”", None),
            (b"\xBF\xE0\xD8\xD2\xD5\xE2", Some("iso-8859-5"), "Привет", None),
            (b"\x93\xFA\x96{", Some("shift_jis"), "日本", None),
            (
                "Zürich".as_bytes(),
                Some("iso-8859-1"),
                "Zürich",
                Some(Flag::CharsetDetected),
            ),
            (b"\xEF\xBB\xBFmark", Some("iso-8859-1"), "mark", None),
            (b"cut Z\xC3", None, "cut Z", Some(Flag::Utf8Repaired)),
        ];
        for (bytes, charset, text, flag) in table {
            let found = read(bytes, charset).unwrap();
            assert_eq!((found.text.as_ref(), found.flag), (text, flag));
        }
    }

    #[test]
    fn what_the_text_declares_holds() {
        let table: [(&str, &[u8], &str); 4] = [
            ("<?xml version='1.0' encoding=\"iso-8859-1\"?><a>", b"\xE9", "é"),
            ("<html><meta charset=windows-1251><p>", b"\xE4\xE0", "да"),
            (
                "<meta http-equiv=x content='text/html; charset=koi8-r'>",
                b"\xC4\xC1",
                "да",
            ),
            ("<?xml version='1.0' encoding='UTF-16'?><a>", b"\xC3\xA9", "é"),
        ];
        for (opening, bytes, text) in table {
            let whole = [opening.as_bytes(), bytes].concat();
            assert_eq!(read(&whole, None).unwrap().text, format!("{opening}{text}"));
        }
    }

    #[test]
    fn what_is_certain_is_detected() {
        let russian =
            "Премьер-министр заявил в понедельник, что правительство не будет повышать налоги.\n".repeat(2);
        let (cyrillic, ..) = encoding_rs::WINDOWS_1251.encode(&russian);
        let (koi, ..) = encoding_rs::KOI8_R.encode(&russian);
        let japanese = "首相は月曜日、政府は増税しないと述べた。 選挙の前に約束を守ると述べた。\n".repeat(2);
        let (japan, ..) = encoding_rs::SHIFT_JIS.encode(&japanese);
        let table: [(&[u8], &str); 5] = [
            (
                b"She ordered a caf\xE9 au lait in Z\xFCrich.",
                "She ordered a café au lait in Zürich.",
            ),
            (
                b"\x93We won,\x94 she said \x96 and it\x92s true.",
                "“We won,” she said – and it’s true.",
            ),
            (&cyrillic, &russian),
            (&koi, &russian),
            (&japan, &japanese),
        ];
        for (bytes, text) in table {
            let found = read(bytes, None).unwrap();
            assert_eq!(
                (found.text.as_ref(), found.flag),
                (text, Some(Flag::CharsetDetected))
            );
        }
    }

    #[test]
    fn what_would_be_a_guess_is_refused() {
        let table: [(&[u8], Option<&str>); 7] = [
            // Mac Roman: an apostrophe that Windows has as a capital letter.
            (b"It isn\xD5t true.", None),
            // DOS code page 850.
            (b"She ordered a caf\x82 au lait.", None),
            (b"\xE4\xE0", None),
            // A letter that only some of the family have so.
            (b"To b\xB3 dobry dzie\xF1.", None),
            (b"caf\xE9 au lait", Some("utf-8")),
            (b"\xFF\xFF", Some("shift_jis")),
            (b"caf\xE9", Some("klingon")),
        ];
        for (bytes, charset) in table {
            assert_eq!(
                read(bytes, charset).unwrap_err().code,
                RejectionCode::NotUtf8,
                "{bytes:x?}"
            );
        }
    }
}
