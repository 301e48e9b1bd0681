//! The only room that knows rdkafka: client settings, source, sink, start-up checks, statistics, embedded broker.
//! Never looks inside an article.

mod assignment;
pub mod client;
mod deliveries;
mod describe;
pub mod embedded;
mod fail_point;
pub mod feeder;
pub mod flow;
mod headers;
pub mod letters;
mod probe;
mod refusal;
pub mod settings;
pub mod sink;
pub mod source;
pub mod startup;
pub mod statistics;
mod transaction;
pub mod verify;

pub use client::NoToken;
pub use client::Shared;
pub use client::TokenProvider;
pub use settings::ClientSettings;
pub use sink::KafkaSink;
pub use source::KafkaSource;
