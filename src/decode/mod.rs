//! Room `decode`: being built.
