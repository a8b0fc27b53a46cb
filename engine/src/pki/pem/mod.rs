//! Reads PEM files (RFC 7468), and names the sections that are not used.
//!
//! Private keys are decoded in place and in constant time, and wiped.

mod sections;
#[cfg(test)]
mod tests;

use base64ct::{Base64, Encoding};
use rustls_pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer,
    PrivateSec1KeyDer,
};
use zeroize::Zeroizing;

use super::openssl_trusted;
use crate::error::Error;
use crate::limits::PEM_MAX;
use sections::{Section, malformed, sections};

/// What a section of a PEM file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemKind {
    /// A certificate, which [`certificates_from_pem`] takes.
    Certificate,
    /// A private key as [`private_key_from_pem`] takes it.
    PrivateKey,
    /// A certificate revocation list, which [`revocation_lists_from_pem`] takes.
    RevocationList,
    /// Anything else.
    Other,
}

/// A section of a PEM file, for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemSection {
    /// Its label.
    pub label: String,
    /// The number of its first line, from 1.
    pub line: usize,
    /// What it holds.
    pub kind: PemKind,
}

/// All sections of a PEM file, so that those which are not used can be named.
pub fn sections_of_pem(pem: &[u8]) -> Result<Vec<PemSection>, Error> {
    check_size(pem)?;
    let told = |section: &Section<'_>| PemSection { label: label(section), line: section.line, kind: kind(section) };
    Ok(sections(pem)?.iter().map(told).collect())
}

/// All certificate revocation lists (CRLs) of a file, in order: of a PEM file, or the one of a file in DER. Other sections are skipped.
pub fn revocation_lists_from_pem(file: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    check_size(file)?;
    // A SEQUENCE, and its length in several bytes.
    if file.starts_with(&[0x30, 0x82]) || file.starts_with(&[0x30, 0x81]) || file.starts_with(&[0x30, 0x83]) {
        return Ok(vec![file.to_vec().into()]);
    }
    let sections = sections(file)?;
    let lists = sections.iter().filter(|section| kind(section) == PemKind::RevocationList);
    let lists =
        lists.map(|section| Ok(std::mem::take(&mut *decode(section)?).into())).collect::<Result<Vec<_>, Error>>()?;
    if lists.is_empty() {
        return Err(Error::Config("no revocation list found: a file in PEM has sections X509 CRL".into()));
    }
    Ok(lists)
}

/// All certificates of a PEM file, in order. Other sections are skipped: [`sections_of_pem`] lists them.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    check_size(pem)?;
    let sections = sections(pem)?;
    let mut certificates = Vec::new();
    for section in &sections {
        match section.label {
            b"TRUSTED CERTIFICATE" => certificates
                .push(openssl_trusted::certificate(&decode(section)?).map_err(|why| {
                Error::Config(format!(
                    "the TRUSTED CERTIFICATE in line {} {why}: `openssl x509 -in FILE -out FILE2` makes a CERTIFICATE \
                     of it",
                    section.line
                ))
            })?),
            b"PKCS7" | b"PKCS #7 SIGNED DATA" | b"CMS" => return Err(envelope(section)),
            _ if kind(section) == PemKind::Certificate => {
                certificates.push(CertificateDer::from(std::mem::take(&mut *decode(section)?)));
            }
            _ => {}
        }
    }
    if certificates.is_empty() {
        let told = what_is_there(pem, &sections, "x509");
        return Err(Error::Config(format!("no certificate found: {told}")));
    }
    Ok(certificates)
}

/// The first private key of a PEM file, in PKCS #8, PKCS #1 or SEC 1. It is wiped when it is dropped, and so was every copy of
/// it.
pub fn private_key_from_pem(pem: &[u8]) -> Result<Zeroizing<PrivateKeyDer<'static>>, Error> {
    check_size(pem)?;
    let sections = sections(pem)?;
    let Some(section) = sections.iter().find(|section| kind(section) == PemKind::PrivateKey) else {
        return Err(no_private_key(pem, &sections));
    };
    let mut der = decode(section)?;
    let der = std::mem::take(&mut *der);
    Ok(Zeroizing::new(match section.label {
        b"RSA PRIVATE KEY" => PrivatePkcs1KeyDer::from(der).into(),
        b"EC PRIVATE KEY" => PrivateSec1KeyDer::from(der).into(),
        _ => PrivatePkcs8KeyDer::from(der).into(),
    }))
}

fn check_size(pem: &[u8]) -> Result<(), Error> {
    if pem.len() > PEM_MAX {
        return Err(Error::Config(format!("the PEM text has {} bytes; at most {PEM_MAX} are accepted", pem.len())));
    }
    Ok(())
}

fn kind(section: &Section<'_>) -> PemKind {
    match section.label {
        // The older names are those of RFC 7468 5.1.
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => PemKind::Certificate,
        b"X509 CRL" => PemKind::RevocationList,
        b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY" if !section.is_encrypted() => PemKind::PrivateKey,
        _ => PemKind::Other,
    }
}

/// The bytes that a section holds, in the one buffer that its text was copied to.
fn decode(section: &Section<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (_, base64) = section.headers_and_base64();
    let mut bytes = Zeroizing::new(Vec::with_capacity(base64.len()));
    bytes.extend(base64.iter().filter(|byte| !byte.is_ascii_whitespace()));
    let len = Base64::decode_in_place(&mut bytes).map_err(|_| malformed("a section is not base64"))?.len();
    bytes.truncate(len);
    Ok(bytes)
}

fn envelope(section: &Section<'_>) -> Error {
    Error::Config(format!(
        "the {} in line {} is an envelope of PKCS #7: `openssl pkcs7 -in FILE -print_certs -out FILE2` takes the \
         certificates out of it",
        label(section),
        section.line
    ))
}

/// What the file holds instead of a private key, and how to convert it.
fn no_private_key(pem: &[u8], sections: &[Section<'_>]) -> Error {
    let has = |label: &[u8]| sections.iter().any(|section| section.label == label);
    Error::Config(if sections.iter().any(Section::is_encrypted) {
        "the private key is encrypted; give one without a passphrase: `openssl pkey -in FILE -out FILE2` writes it"
            .into()
    } else if has(b"OPENSSH PRIVATE KEY") {
        "the private key is in OpenSSH's own format: `ssh-keygen -p -N '' -m PKCS8 -f FILE`, on a copy of it, makes PKCS #8 \
         of it where it is ECDSA or RSA"
            .into()
    } else if has(b"DSA PRIVATE KEY") {
        "the private key is DSA, which TLS 1.3 has no signatures for: a key such as `openssl genpkey -algorithm EC -pkeyopt \
         ec_paramgen_curve:P-256` makes is needed, and a certificate for it"
            .into()
    } else {
        format!("no private key found: {}", what_is_there(pem, sections, "pkey"))
    })
}

/// What a file without the wanted section is; `command` is OpenSSL's that reads what is wanted.
fn what_is_there(pem: &[u8], sections: &[Section<'_>], command: &str) -> String {
    if pem.iter().all(u8::is_ascii_whitespace) {
        "the text is empty".into()
    } else if let Some(format) = binary(pem, command) {
        format
    } else if sections.is_empty() {
        "this is not PEM (there is no BEGIN line)".into()
    } else {
        let mut labels: Vec<String> = Vec::new();
        for label in sections.iter().map(label) {
            if !labels.contains(&label) && labels.len() < LABELS_SHOWN {
                labels.push(label);
            }
        }
        let requests = labels.iter().any(|label| label.ends_with("CERTIFICATE REQUEST"));
        let advice = if requests { "; a request becomes a certificate when an authority signs it" } else { "" };
        format!("its sections are of other kinds ({}){advice}", labels.join(", "))
    }
}

/// How many kinds of sections an error lists.
const LABELS_SHOWN: usize = 8;
/// How many bytes of each.
const LABEL_SHOWN: usize = 64;

fn label(section: &Section<'_>) -> String {
    String::from_utf8_lossy(&section.label[..section.label.len().min(LABEL_SHOWN)]).into_owned()
}

/// What a file is that holds DER: it begins with a SEQUENCE that is as long as the file says, and in PKCS #12 with version 3 in
/// it (RFC 7292 4).
fn binary(bytes: &[u8], command: &str) -> Option<String> {
    let inside = match bytes {
        [0x30, 0..=0x7f, inside @ ..] | [0x30, 0x81, _, inside @ ..] | [0x30, 0x82, _, _, inside @ ..] => inside,
        [0x30, 0x83, _, _, _, inside @ ..] | [0x30, 0x80, inside @ ..] => inside,
        _ => return None,
    };
    let is_pkcs12 = inside.starts_with(&[2, 1, 3]);
    let is_der = matches!(inside, [0x30 | 2, ..]);
    if is_pkcs12 {
        Some("this is PKCS #12, not PEM: `openssl pkcs12 -in FILE -nodes -out FILE2` makes PEM of it".into())
    } else {
        is_der.then(|| {
            format!("this is DER, not PEM: `openssl {command} -inform DER -in FILE -out FILE2` makes PEM of it")
        })
    }
}
