//! Room `accept`: being built.
