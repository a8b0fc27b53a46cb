//! Which library it is.

/// Its name in messages.
pub(crate) const NAME: &str = "OpenSSL";

/// The version of the library that is running, such as `3.0.19`.
pub fn version() -> &'static str {
    let text = openssl::version::version();
    text.split_whitespace().nth(1).unwrap_or(text)
}
