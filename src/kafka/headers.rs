//! Headers as they come from Kafka, which are any bytes. Never panics, whatever a producer wrote.

use std::panic::AssertUnwindSafe;

use rdkafka::message::Headers;

use crate::record::Header;

/// The headers in order; one whose name is not UTF-8 is left out, since the library panics over it.
pub(crate) fn readable(headers: &impl Headers) -> Vec<Header> {
    let read = |place| {
        let header = headers.try_get(place)?;
        Some(Header {
            name: header.key.to_owned(),
            value: header.value.map(<[u8]>::to_vec),
        })
    };
    (0..headers.count())
        .filter_map(|place| std::panic::catch_unwind(AssertUnwindSafe(|| read(place))).ok()?)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the library: a name that is not UTF-8 is a panic.
    struct Names(Vec<&'static [u8]>);

    impl Headers for Names {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn try_get(&self, place: usize) -> Option<rdkafka::message::Header<'_, &[u8]>> {
            let key = std::str::from_utf8(self.0.get(place)?).unwrap();
            Some(rdkafka::message::Header { key, value: None })
        }
    }

    #[test]
    fn a_header_whose_name_is_no_text_does_not_stop_the_others() {
        let read = readable(&Names(vec![b"a", b"\xff", b"a"]));
        let names: Vec<&str> = read.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names, ["a", "a"]);
    }
}
