//! PEM. rustls-pemfile is archived (RUSTSEC-2025-0134), so nothing else calls it: its work can be taken over by another
//! crate here.

use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;
use crate::limits::PEM_MAX;

/// All certificates in the text of a PEM file, in its order; other sections are passed over.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    check_size(pem)?;
    let certificates =
        rustls_pemfile::certs(&mut &*pem).collect::<Result<Vec<_>, _>>().map_err(|error| malformed(&error))?;
    if certificates.is_empty() {
        return Err(Error::Config(format!("no certificate found: {}", what_is_there(pem))));
    }
    Ok(certificates)
}

/// The first private key in the text of a PEM file, in any of the three encodings (PKCS #8, PKCS #1, SEC 1).
pub fn private_key_from_pem(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    check_size(pem)?;
    if let Some(key) = rustls_pemfile::private_key(&mut &*pem).map_err(|error| malformed(&error))? {
        return Ok(key);
    }
    if contains(pem, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return Err(Error::Config("the private key is encrypted; give one without a passphrase".into()));
    }
    Err(Error::Config(format!("no private key found: {}", what_is_there(pem))))
}

fn check_size(pem: &[u8]) -> Result<(), Error> {
    if pem.len() > PEM_MAX {
        return Err(Error::Config(format!("PEM text of {} bytes; at most {PEM_MAX} are taken", pem.len())));
    }
    Ok(())
}

/// Says why, without a byte of the content: it may be a key.
fn malformed(error: &std::io::Error) -> Error {
    let why = if error.to_string().starts_with("section end") {
        "a section has no end line"
    } else if error.to_string().starts_with("illegal section start") {
        "the begin line of a section is cut short"
    } else {
        "a section is not base64"
    };
    Error::Config(format!("malformed PEM: {why}"))
}

fn what_is_there(pem: &[u8]) -> &'static str {
    if pem.iter().all(u8::is_ascii_whitespace) {
        "the text is empty"
    } else if !contains(pem, b"-----BEGIN ") {
        "this is not PEM (there is no BEGIN line)"
    } else {
        "its sections are of other kinds"
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
