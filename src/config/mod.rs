//! Room `config`: being built.
