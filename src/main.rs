//! The binary: parses the command line and hands over. Never holds logic.

fn main() {}
