//! Counts heap calls of Rust and C code, apart, behind a flag.
