//! Room `kafka`: being built.
