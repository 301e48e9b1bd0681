//! Room `commands`: being built.
