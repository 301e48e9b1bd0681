//! What operators see: admin server and live page, status, logging, shutdown. Never knows the flow's inside.

pub mod examples;
pub mod history;
pub mod logging;
pub mod server;
pub mod services;
pub mod shutdown;
pub mod status;

#[cfg(test)]
mod documents;
