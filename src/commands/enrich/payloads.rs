//! Files into payloads, read ahead on a thread of its own. JSON lines stream, one line in memory at a time; any other
//! file is read whole, up to `WHOLE_BYTES_MAX`. Never decodes.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::iter;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread;

use serde::de::IgnoredAny;

use crate::config::FormChoice;
use crate::decode::SplitPayload;
use crate::decode::split_payloads;

/// Most payloads read ahead.
pub(super) const LOOK_AHEAD: usize = 64;
/// Largest file that is read whole, in bytes.
const WHOLE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// One article's bytes and where they stand.
pub(super) struct Payload {
    /// The file as named, `-` for standard input.
    pub(super) file: Arc<str>,
    /// Line it starts on, from 1.
    pub(super) line: u64,
    /// Bytes of all files up to its end.
    pub(super) end: u64,
    /// The bytes.
    pub(super) value: Vec<u8>,
}

/// A payload, or a file that could not be read (on).
pub(super) enum Item {
    Payload(Payload),
    Failed { file: Arc<str>, message: String },
}

impl Item {
    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Payload(payload) => payload.value.len(),
            Self::Failed { .. } => 0,
        }
    }

    /// Bytes of all files up to its end.
    pub(super) fn end(&self) -> Option<u64> {
        match self {
            Self::Payload(payload) => Some(payload.end),
            Self::Failed { .. } => None,
        }
    }
}

/// Bytes of all files, where every one has a size; a file that is not there has none to read.
pub(super) fn bytes_total(files: &[PathBuf]) -> Option<u64> {
    files.iter().map(|path| bytes_of(path)).sum()
}

fn bytes_of(path: &Path) -> Option<u64> {
    if path.as_os_str() == "-" {
        return None;
    }
    match path.metadata() {
        Ok(metadata) => metadata.is_file().then_some(metadata.len()),
        Err(_) => Some(0),
    }
}

/// The payloads of `files`, in order. The thread ends with the files, or when the receiver is dropped.
pub(super) fn read(
    files: Vec<PathBuf>,
    form: FormChoice,
    payload_bytes_max: usize,
) -> io::Result<Receiver<Item>> {
    let (sender, receiver) = sync_channel(LOOK_AHEAD);
    thread::Builder::new().name("read".to_owned()).spawn(move || {
        let mut base = 0;
        for path in files {
            let file: Arc<str> = Arc::from(path.to_string_lossy());
            let reader = Reader {
                file: Arc::clone(&file),
                form,
                payload_bytes_max,
                sender: &sender,
                at: base,
            };
            let is_wanted = match open(&path).and_then(|input| reader.read(input)) {
                Ok(is_wanted) => is_wanted,
                Err(error) => sender
                    .send(Item::Failed {
                        file,
                        message: error.to_string(),
                    })
                    .is_ok(),
            };
            if !is_wanted {
                return;
            }
            base += bytes_of(&path).unwrap_or_default();
        }
    })?;
    Ok(receiver)
}

fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(path)?)))
}

struct Reader<'s> {
    file: Arc<str>,
    form: FormChoice,
    payload_bytes_max: usize,
    sender: &'s SyncSender<Item>,
    /// Bytes of all files up to what was read line by line.
    at: u64,
}

impl Reader<'_> {
    /// Reads one file; false where nobody wants more.
    fn read(mut self, mut input: Box<dyn BufRead>) -> io::Result<bool> {
        let base = self.at;
        let line = self.line(&mut input)?;
        if self.form != FormChoice::Wire && is_object(&line) {
            return self.lines(line, input);
        }
        let mut bytes = line;
        input.take(WHOLE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > WHOLE_BYTES_MAX {
            return Err(io::Error::other(format!(
                "larger than {WHOLE_BYTES_MAX} bytes, and not JSON lines"
            )));
        }
        let (mut line, mut counted) = (1, 0);
        // Wire text may open as JSON does; only stories with headings are told apart.
        let is_one = self.form == FormChoice::Wire && !matches!(bytes.first(), Some(0x01 | 0x16));
        let payloads: Box<dyn Iterator<Item = SplitPayload<'_>>> = if is_one {
            Box::new(iter::once(SplitPayload::whole(&bytes)))
        } else {
            split_payloads(&bytes)
        };
        for payload in payloads {
            let place = payload.place;
            line += line_breaks(bytes.get(counted..place.start).unwrap_or_default());
            counted = place.start;
            if !self.send(line, base + place.end as u64, payload.bytes.into_owned()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Streams JSON lines.
    fn lines(mut self, first: Vec<u8>, mut input: Box<dyn BufRead>) -> io::Result<bool> {
        let (mut number, mut line) = (1, first);
        while !line.is_empty() {
            let value = line.trim_ascii();
            if !value.is_empty() && !self.send(number, self.at, value.to_vec()) {
                return Ok(false);
            }
            if line.len() > self.payload_bytes_max && !line.ends_with(b"\n") {
                self.at += skip_line(&mut input)?;
            }
            line = self.line(&mut input)?;
            number += 1;
        }
        Ok(true)
    }

    /// The next line with its line break, or the part of it that is just too large to be an article.
    fn line(&mut self, input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        input
            .take(self.payload_bytes_max as u64 + 1)
            .read_until(b'\n', &mut line)?;
        self.at += line.len() as u64;
        Ok(line)
    }

    fn send(&self, line: u64, end: u64, value: Vec<u8>) -> bool {
        let payload = Payload {
            file: Arc::clone(&self.file),
            line,
            end,
            value,
        };
        self.sender.send(Item::Payload(payload)).is_ok()
    }
}

/// True for a line that is one whole JSON object.
fn is_object(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii();
    line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

fn line_breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Past the end of the line; how many bytes that were.
fn skip_line(input: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_payload_ends_where_its_bytes_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("lines"), "{\"a\": 1}\n\n{\"a\": \"too long\"}\n{\"a\": 2}\n").unwrap();
        fs::write(path("array"), "[{\"a\": 1},\n{\"a\": 2}]\n").unwrap();
        let files = vec![path("lines"), path("missing"), path("array")];
        assert_eq!(bytes_total(&files), Some(58));
        let ends: Vec<_> = read(files, FormChoice::Auto, 12)
            .unwrap()
            .iter()
            .map(|item| item.end())
            .collect();
        assert_eq!(ends, [Some(9), Some(23), Some(37), None, Some(46), Some(56)]);
        assert_eq!(bytes_total(&[PathBuf::from("-")]), None);
    }
}
