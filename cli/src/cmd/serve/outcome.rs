//! The outcome of a connection.

use tls_engine::conn::{ClientCertificate, Negotiated};

use crate::identity;

/// What was negotiated, in one line.
pub(super) fn summary(negotiated: &Negotiated) -> String {
    let Negotiated { version, suite, group, authentication, .. } = negotiated;
    let alpn = negotiated.alpn.as_deref().map(|name| format!(", ALPN {}", String::from_utf8_lossy(name)));
    let name = negotiated.server_name.as_deref().map(|name| format!(", name {name}"));
    let client = match &negotiated.client_certificate {
        ClientCertificate::NotRequested => String::new(),
        ClientCertificate::Missing => ", client without a certificate".into(),
        ClientCertificate::Shown { chain, .. } => format!(", client {}", identity::subject(chain)),
    };
    let group = group.map_or("no key exchange", |group| group.name().unwrap_or("an unnamed group"));
    let psk = negotiated.psk_identity.as_ref().map(|_| format!(" ({})", identity::of_psk(negotiated)));
    let psk = psk.unwrap_or_default();
    let retry = if negotiated.hello_retry { ", after a HelloRetryRequest" } else { "" };
    let compression = negotiated.certificate_compression;
    let compression = compression.map(|with| format!(", certificate compressed with {with}")).unwrap_or_default();
    let early = if negotiated.early_data { ", early data accepted" } else { "" };
    format!(
        "{version} {suite} {group} {authentication}{psk}{}{}{client}{retry}{early}{compression}",
        alpn.unwrap_or_default(),
        name.unwrap_or_default()
    )
}
