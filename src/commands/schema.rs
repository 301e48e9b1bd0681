//! `dateline schema`: the published schemas, made from the types.

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
    /// The record that is published: its JSON Schema.
    Record,
    /// The same in draft 7, as a schema registry is given it.
    RecordDraft7,
    /// The same as an Avro schema.
    Avro,
    /// The JSON envelope that is read.
    Input,
    /// The configuration file.
    Config,
}

/// Prints one schema.
pub fn schema(args: &SchemaArgs) -> anyhow::Result<Exit> {
    let schema = match args.of {
        Of::Record => encode::schema::record(),
        Of::RecordDraft7 => encode::schema::record_draft7(),
        Of::Avro => encode::avro::Avro::record()?.schema(),
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
