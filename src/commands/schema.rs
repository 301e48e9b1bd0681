//! `dateline schema`: the published JSON Schemas, made from the types.

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
    println!("{}", serde_json::to_string_pretty(&schema)?);
    Ok(Exit::Ok)
}
