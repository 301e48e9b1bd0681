//! Room `enrich`: being built.
