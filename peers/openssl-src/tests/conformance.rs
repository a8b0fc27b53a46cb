//! The OpenSSL of `openssl-src` does what the system's does.

#[path = "../../openssl/tests/conformance.rs"]
mod conformance;
