//! Room `encode`: being built.
