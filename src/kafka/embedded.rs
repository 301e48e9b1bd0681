//! The embedded broker of `dateline demo` and of the mock-broker tests: librdkafka's mock cluster in this
//! process. Its transactions
//! are accepted and do nothing, and it keeps 5 MiB a partition: at-least-once only, small amounts only.

use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;

/// A mock cluster of one broker; ends when dropped.
pub struct EmbeddedBroker {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl EmbeddedBroker {
    /// Starts the broker with these Kafka topics, each of `partitions` partitions.
    ///
    /// # Errors
    /// Where the mock cluster cannot be made.
    pub fn start(kafka_topics: &[&str], partitions: i32) -> Result<Self, KafkaError> {
        let cluster = MockCluster::new(1)?;
        for kafka_topic in kafka_topics {
            cluster.create_topic(kafka_topic, partitions, 1)?;
        }
        Ok(Self { cluster })
    }

    /// Where clients connect.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// The cluster itself, for tests that inject errors.
    pub const fn cluster(&self) -> &MockCluster<'static, DefaultProducerContext> {
        &self.cluster
    }
}
