//! Room `http`: being built.
