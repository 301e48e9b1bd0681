//! The binary: parses the command line and hands over. Never holds logic.

use std::process::ExitCode;

fn main() -> ExitCode {
    dateline::commands::main(std::env::args_os()).into()
}
