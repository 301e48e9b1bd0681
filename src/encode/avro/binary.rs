//! Avro's binary encoding (specification 1.11) of JSON values by a `Shape`, and back. Bytes are hostile: every
//! length is checked against what is there.

use serde_json::Map;
use serde_json::Number;
use serde_json::Value as Json;

use crate::encode::avro::shape::Field;
use crate::encode::avro::shape::Shape;

/// Appends `value`; `None` where it does not fit.
pub(super) fn write(shape: &Shape, value: &Json, out: &mut Vec<u8>) -> Option<()> {
    match shape {
        Shape::Text => text(value.as_str()?, out),
        Shape::Integer => long(value.as_i64()?, out),
        Shape::Number => out.extend(value.as_f64()?.to_le_bytes()),
        Shape::Truth => out.push(u8::from(value.as_bool()?)),
        Shape::List(items) => {
            let list = value.as_array()?;
            count(list.len(), out)?;
            list.iter().try_for_each(|item| write(items, item, out))?;
            if !list.is_empty() {
                long(0, out);
            }
        }
        Shape::Open => {
            let object = value.as_object()?;
            count(object.len(), out)?;
            for (name, value) in object {
                text(name, out);
                text(&value.to_string(), out);
            }
            if !object.is_empty() {
                long(0, out);
            }
        }
        Shape::Fields { fields, .. } => {
            let object = value.as_object()?;
            let known = fields.iter().filter(|field| object.contains_key(&field.name));
            if known.count() < object.len() {
                return None;
            }
            fields
                .iter()
                .try_for_each(|field| write_field(field, object.get(&field.name), out))?;
        }
    }
    Some(())
}

fn write_field(field: &Field, value: Option<&Json>, out: &mut Vec<u8>) -> Option<()> {
    if !field.optional {
        return write(&field.shape, value?, out);
    }
    match value {
        None => long(0, out),
        Some(value) => {
            long(1, out);
            write(&field.shape, value, out)?;
        }
    }
    Some(())
}

/// The count of a block; an empty one ends the list.
fn count(items: usize, out: &mut Vec<u8>) -> Option<()> {
    long(i64::try_from(items).ok()?, out);
    Some(())
}

fn text(text: &str, out: &mut Vec<u8>) {
    // No text in memory is longer than an i64 can say.
    long(i64::try_from(text.len()).unwrap_or(i64::MAX), out);
    out.extend(text.as_bytes());
}

/// Zigzag, then seven bits a byte, the lowest first.
fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7F).unwrap_or(0) | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).unwrap_or(0));
}

/// Reads a value from the front of `bytes`; what is null is left out.
pub(super) fn read(shape: &Shape, bytes: &mut &[u8]) -> Option<Json> {
    Some(match shape {
        Shape::Text => Json::from(read_text(bytes)?),
        Shape::Integer => Json::from(read_long(bytes)?),
        Shape::Number => {
            let (number, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            Json::Number(Number::from_f64(f64::from_le_bytes(*number))?)
        }
        Shape::Truth => Json::from(*bytes.split_off_first()? == 1),
        Shape::List(items) => {
            let mut list = Vec::new();
            blocks(bytes, |bytes| {
                list.push(read(items, bytes)?);
                Some(())
            })?;
            Json::Array(list)
        }
        Shape::Open => {
            let mut object = Map::new();
            blocks(bytes, |bytes| {
                let name = read_text(bytes)?.to_owned();
                object.insert(name, serde_json::from_str(read_text(bytes)?).ok()?);
                Some(())
            })?;
            Json::Object(object)
        }
        Shape::Fields { fields, .. } => {
            let mut object = Map::new();
            for field in fields {
                if field.optional && read_long(bytes)? == 0 {
                    continue;
                }
                object.insert(field.name.clone(), read(&field.shape, bytes)?);
            }
            Json::Object(object)
        }
    })
}

/// Reads every item of every block. An item takes a byte at least, so no count can promise more than is there.
fn blocks(bytes: &mut &[u8], mut item: impl FnMut(&mut &[u8]) -> Option<()>) -> Option<()> {
    loop {
        let mut count = read_long(bytes)?;
        if count < 0 {
            // A block whose size in bytes follows.
            count = count.checked_neg()?;
            read_long(bytes)?;
        }
        if count == 0 {
            return Some(());
        }
        for _ in 0..count {
            item(bytes)?;
        }
    }
}

fn read_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(read_long(bytes)?).ok()?;
    std::str::from_utf8(bytes.split_off(..length)?).ok()
}

fn read_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}
