//! The latest rejections of each code, as an operator needs them: place, time and message. Never holds a payload.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use serde::Serialize;

use crate::article::Rejection;
use crate::record::Origin;

/// Most examples kept of one code: a frequent code leaves room to the others.
const OF_A_CODE_MAX: usize = 3;

/// One rejection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    topic: String,
    partition: i32,
    offset: i64,
    /// When it was noted, in UTC.
    at: String,
    message: String,
}

/// Examples by code, newest first.
#[derive(Debug, Default)]
pub struct Examples(BTreeMap<&'static str, VecDeque<Example>>);

impl Examples {
    /// Keeps `rejection`, in place of the oldest of its code where there are many.
    pub fn add(&mut self, origin: &Origin, rejection: &Rejection, at: String) {
        let examples = self.0.entry(rejection.code.code()).or_default();
        examples.push_front(Example {
            topic: origin.kafka_topic.to_string(),
            partition: origin.partition,
            offset: origin.offset,
            at,
            message: rejection.message.clone(),
        });
        examples.truncate(OF_A_CODE_MAX);
    }

    /// Those of a code.
    pub fn of(&self, code: &str) -> Vec<&Example> {
        self.0.get(code).into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use crate::article::RejectionCode;

    #[test]
    fn a_frequent_code_does_not_push_out_a_rare_one() {
        let mut examples = Examples::default();
        let mut add = |offset, code| {
            let origin = Origin {
                kafka_topic: Arc::from("articles.raw"),
                partition: 2,
                offset,
            };
            examples.add(&origin, &Rejection::new(code, "why"), format!("at {offset}"));
        };
        add(1, RejectionCode::TooDeep);
        (2..100).for_each(|offset| add(offset, RejectionCode::Empty));
        let offsets =
            |code: RejectionCode| -> Vec<i64> { examples.of(code.code()).iter().map(|e| e.offset).collect() };
        assert_eq!(offsets(RejectionCode::Empty), [99, 98, 97]);
        assert_eq!(offsets(RejectionCode::TooDeep), [1]);
        assert_eq!(offsets(RejectionCode::NoContent), [0; 0]);
    }
}
