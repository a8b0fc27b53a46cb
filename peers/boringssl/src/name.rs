//! Which library it is.

/// Its name in messages.
pub(crate) const NAME: &str = "BoringSSL";

/// The version of the crate that BoringSSL's sources are from. They have no version themselves.
pub const fn version() -> &'static str {
    "boring-sys 5.4.0"
}

/// What the library that is running says it is. The sentence is the one that OpenSSL has its version in.
pub fn text() -> &'static str {
    boring::version::version()
}
