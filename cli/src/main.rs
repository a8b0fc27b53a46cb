//! Measures TLS.
fn main() {}
