use rustls_pki_types::CertificateDer;

use super::parsed_certificate::{self, ParsedCertificate};
use super::webpki_error;
use crate::error::Error;

/// Why clients will refuse a server's certificate that is otherwise usable.
pub fn certificate_warnings(leaf: &CertificateDer<'_>) -> Vec<&'static str> {
    let Ok(parsed) = ParsedCertificate::read(leaf) else { return Vec::new() };
    [
        (
            parsed.is_authority(),
            "is a CA certificate (CA:TRUE), as `openssl req -x509` makes it by default, and clients refuse it for a server: \
             `-addext basicConstraints=critical,CA:FALSE` makes one for a server",
        ),
        (
            parsed.names().next().is_none(),
            "has no subjectAltName, and clients ignore its common name (CN): `-addext subjectAltName=DNS:NAME` gives it one",
        ),
        (
            parsed_certificate::is_before_1970(leaf),
            "has a validity that starts or ends before 1970, which many clients can't read: have it issued with later dates",
        ),
    ]
    .into_iter()
    .filter_map(|(is_so, remark)| is_so.then_some(remark))
    .collect()
}

/// Checks that a root parses, as [`ServerVerifier::new`](super::ServerVerifier::new) needs it to.
pub fn check_root(root: &CertificateDer<'_>) -> Result<(), Error> {
    webpki::anchor_from_trusted_cert(root).map(drop).map_err(|why| webpki_error::refusal(&why).into())
}
