//! Every metric: being built.
