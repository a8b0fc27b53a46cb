use rustls_pki_types::CertificateDer;

use super::der::{Elements, OBJECT_IDENTIFIER, SEQUENCE};

/// id-kp-serverAuth (RFC 5280 4.2.1.12) and anyExtendedKeyUsage.
const SERVERS: [&[u8]; 2] = [&[0x2b, 6, 1, 5, 5, 7, 3, 1], &[0x55, 0x1d, 0x25, 0]];
/// What is rejected, as OpenSSL tags it.
const REJECT: u8 = 0xa0;

/// The certificate of OpenSSL's TRUSTED CERTIFICATE: a certificate, and behind it what it is trusted for. That is OpenSSL's own
/// form (`X509_CERT_AUX`), and only what restricts nothing for servers can be left out.
pub(super) fn certificate(der: &[u8]) -> Result<CertificateDer<'static>, &'static str> {
    let mut elements = Elements(der);
    elements.nested(SEQUENCE).ok_or("is broken")?;
    let (certificate, _) = der.split_at(der.len() - elements.0.len());
    if !elements.is_empty() {
        let restrictions = elements.nested(SEQUENCE).ok_or("is broken")?;
        if !allows_servers(restrictions).ok_or("is broken")? {
            return Err("says that it is not trusted for servers, which this engine can't enforce");
        }
    }
    Ok(CertificateDer::from(certificate.to_vec()))
}

/// Whether what it is trusted for, if that is said, includes servers, and what it is rejected for does not.
fn allows_servers(mut restrictions: Elements<'_>) -> Option<bool> {
    let mut allows = true;
    if restrictions.begin_with(SEQUENCE) {
        allows &= names_servers(restrictions.nested(SEQUENCE)?)?;
    }
    if restrictions.begin_with(REJECT) {
        allows &= !names_servers(restrictions.nested(REJECT)?)?;
    }
    Some(allows)
}

fn names_servers(mut purposes: Elements<'_>) -> Option<bool> {
    let mut found = false;
    while !purposes.is_empty() {
        let (tag, purpose) = purposes.next()?;
        found |= tag == OBJECT_IDENTIFIER && SERVERS.contains(&purpose);
    }
    Some(found)
}
