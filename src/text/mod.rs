//! Room `text`: being built.
