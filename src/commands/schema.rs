//! `dateline schema`: the published JSON Schemas, made from the types.

use std::io::Write;

use clap::Args;
use clap::ValueEnum;

use crate::commands::exit::Exit;
use crate::config;
use crate::decode;
use crate::encode;

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which.
    of: Of,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Of {
    /// The record that is published.
    Record,
    /// The JSON envelope that is read.
    Input,
    /// The configuration file.
    Config,
}

/// Prints one schema.
pub fn schema(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let schema = match args.of {
        Of::Record => encode::schema::record(),
        Of::Input => decode::schema::input(),
        Of::Config => config::schema(),
    };
    // A reader that has seen enough and goes is no error.
    match writeln!(std::io::stdout(), "{}", serde_json::to_string_pretty(&schema)?) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(Exit::Ok)
}
