//! RustCrypto, dalek and `aegis`.
