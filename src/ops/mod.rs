//! Room `ops`: being built.
