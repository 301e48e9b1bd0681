//! What we read of librdkafka's statistics: queues, broker round trips, and how far each partition was fetched.
//! Tolerant: unknown fields are ignored, an unreadable document is counted and skipped. Never a reason to stop.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::metrics::Metrics;
use crate::record::PartitionKey;

/// How far a partition was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionFetch {
    /// Next offset to fetch; stands after transaction markers, which are never delivered.
    pub next_offset: i64,
    /// End for a reader of committed records.
    pub end_offset: i64,
    /// Records fetched and not yet polled.
    pub queued: u64,
    /// When these figures were taken, seconds since 1970.
    pub taken_at_s: i64,
}

impl PartitionFetch {
    /// What is known of a partition whose end was asked for: nothing of it was fetched yet, save where it is empty.
    pub(crate) fn before_statistics(end_offset: i64) -> Self {
        Self {
            next_offset: if end_offset == 0 { 0 } else { -1 },
            end_offset,
            queued: 0,
            taken_at_s: 0,
        }
    }
}

/// The part of the document that we read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Statistics {
    time: i64,
    msg_cnt: i64,
    msg_size: i64,
    #[serde(rename = "type")]
    client_type: String,
    brokers: BTreeMap<String, Broker>,
    topics: BTreeMap<String, Topic>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Broker {
    nodeid: i32,
    state: String,
    rtt: Window,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Window {
    p50: i64,
    p99: i64,
    cnt: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Topic {
    partitions: BTreeMap<String, Partition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Partition {
    partition: i32,
    fetch_state: String,
    fetchq_cnt: i64,
    next_offset: i64,
    hi_offset: i64,
    ls_offset: i64,
}

const MICROSECONDS: f64 = 1e6;

impl Statistics {
    /// Reads a statistics document; `None` where it is not the JSON we know.
    pub fn parse(document: &[u8]) -> Option<Self> {
        serde_json::from_slice(document).ok()
    }

    /// Hands the queue and round-trip figures to the metrics.
    pub fn record(&self, metrics: &Metrics) {
        if self.client_type == "producer" {
            metrics.client_queue(self.msg_cnt, self.msg_size);
        } else {
            metrics.brokers_up(self.brokers_up());
        }
        for broker in self.brokers.values().filter(|b| b.nodeid >= 0 && b.rtt.cnt > 0) {
            metrics.broker_rtt_seconds(
                broker.nodeid,
                broker.rtt.p50 as f64 / MICROSECONDS,
                broker.rtt.p99 as f64 / MICROSECONDS,
            );
        }
    }

    /// Brokers with a connection. Bootstrap addresses and the coordinator's own entry are not counted.
    fn brokers_up(&self) -> i64 {
        let up = |broker: &&Broker| broker.nodeid >= 0 && broker.state == "UP";
        i64::try_from(self.brokers.values().filter(up).count()).unwrap_or(i64::MAX)
    }

    /// How far each partition that is being fetched has come.
    pub fn partitions(&self) -> BTreeMap<PartitionKey, PartitionFetch> {
        let mut fetches = BTreeMap::new();
        for (name, topic) in &self.topics {
            let kafka_topic: Arc<str> = Arc::from(name.as_str());
            for partition in topic.partitions.values() {
                let end_offset = if partition.ls_offset >= 0 {
                    partition.ls_offset
                } else {
                    partition.hi_offset
                };
                if partition.partition < 0 || partition.fetch_state != "active" || end_offset < 0 {
                    continue;
                }
                fetches.insert(
                    PartitionKey {
                        kafka_topic: Arc::clone(&kafka_topic),
                        partition: partition.partition,
                    },
                    PartitionFetch {
                        next_offset: partition.next_offset,
                        end_offset,
                        queued: u64::try_from(partition.fetchq_cnt).unwrap_or(0),
                        taken_at_s: self.time,
                    },
                );
            }
        }
        fetches
    }
}

/// Records between what is committed and the end. Markers at the end of a partition are not records: where
/// everything was
/// fetched, polled and committed, the lag is 0 whatever the end offset says.
pub fn lag_records(fetch: &PartitionFetch, done: Option<i64>, drained: bool) -> Option<i64> {
    if drained && fetch.queued == 0 && fetch.next_offset >= fetch.end_offset {
        return Some(0);
    }
    done.map(|done| (fetch.end_offset - done).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_count_that_are_up_and_have_a_number() {
        let document = br#"{"type":"consumer","brokers":{"a":{"nodeid":1,"state":"UP"},"b":{"nodeid":2,"state":"CONNECT"},
            "c":{"nodeid":-1,"state":"UP"},"d":{"nodeid":0,"state":"UP"}}}"#;
        assert_eq!(Statistics::parse(document).unwrap().brokers_up(), 2);
    }

    #[test]
    fn reads_what_it_knows_and_ignores_the_rest() {
        let document = br#"{"type":"consumer","time":1700000000,"msg_cnt":0,"new":[1],"brokers":{"b":{"nodeid":1,"rtt":{"p50":900,"p99":4000,"cnt":3}}},
            "topics":{"in":{"partitions":{"0":{"partition":0,"fetch_state":"active","fetchq_cnt":0,"next_offset":12,"hi_offset":12,"ls_offset":12},
            "1":{"partition":1,"fetch_state":"none","next_offset":-1001,"hi_offset":-1,"ls_offset":-1},"-1":{"partition":-1}}}}}"#;
        let fetches = Statistics::parse(document).unwrap().partitions();
        assert_eq!(fetches.len(), 1);
        let fetch = fetches.values().next().unwrap();
        assert_eq!(
            (fetch.next_offset, fetch.end_offset, fetch.taken_at_s),
            (12, 12, 1_700_000_000)
        );
    }

    #[test]
    fn an_unreadable_document_is_none() {
        assert!(Statistics::parse(br#"{"msg_cnt": 007}"#).is_none());
    }

    #[test]
    fn markers_at_the_end_are_no_lag() {
        let fetch = PartitionFetch {
            next_offset: 11,
            end_offset: 11,
            queued: 0,
            taken_at_s: 0,
        };
        assert_eq!(lag_records(&fetch, Some(10), true), Some(0));
        assert_eq!(lag_records(&fetch, Some(10), false), Some(1));
        let behind = PartitionFetch {
            next_offset: 5,
            ..fetch
        };
        assert_eq!(lag_records(&behind, Some(4), true), Some(7));
        assert_eq!(lag_records(&behind, None, true), None);
    }

    #[test]
    fn lag_is_known_before_the_first_statistics() {
        let backlog = PartitionFetch::before_statistics(40);
        for (fetch, done, lag) in [
            (backlog, Some(10), Some(30)),
            (backlog, Some(40), Some(0)),
            (backlog, None, None),
            (PartitionFetch::before_statistics(0), None, Some(0)),
        ] {
            assert_eq!(lag_records(&fetch, done, true), lag, "{fetch:?} {done:?}");
        }
    }
}
