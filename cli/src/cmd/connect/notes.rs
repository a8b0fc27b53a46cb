//! What is said of a connection on standard error.

use tls_engine::Authentication;
use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientCertificate, Negotiated};

use crate::identity;
use crate::plan::Connect;
use crate::render::{Messages, connection};
use crate::schema::connection::{Chain, Connection as About};

/// What was negotiated, and who the server is. `early_bytes` of early data were sent.
pub(super) fn describe(plan: &Connect, negotiated: &Negotiated, about: &About, early_bytes: usize, messages: Messages) {
    let Negotiated { version, suite, group, authentication, .. } = negotiated;
    let address = about.address.as_deref().unwrap_or_default();
    let target = plan.target.to_string();
    let at = if target == address { String::new() } else { format!(" at {address}") };
    messages.note(&format!("connected to {target}{at}"));
    for failed in &about.failed_addresses {
        messages.note(&format!("tried:     {}: {}", failed.address, failed.error));
    }
    messages.note(&format!("version:   {version}"));
    messages.note(&format!("cipher:    {suite}"));
    let group = group.map_or_else(|| "none".to_owned(), |group| format!("{group}{}", remarks(group, negotiated)));
    messages.note(&format!("group:     {group}"));
    messages.note(&match authentication {
        Authentication::Certificate(scheme) => format!("signature: {scheme}"),
        Authentication::Resumption => "resumed:   with a ticket, so without a certificate".to_owned(),
        Authentication::ExternalPsk => "psk:       an external PSK, so without a certificate".to_owned(),
    });
    if let Some(compression) = negotiated.certificate_compression {
        messages.note(&format!("certificate: compressed with {compression}"));
    }
    messages.note(&match &negotiated.alpn {
        Some(alpn) => format!("ALPN:      {}", String::from_utf8_lossy(alpn)),
        None if plan.offers_alpn => "ALPN:      none".to_owned(),
        None => "ALPN:      none, as none was offered (--alpn)".to_owned(),
    });
    if !plan.early_data.is_empty() {
        messages.note(&format!("early data: {}", early_data(negotiated, early_bytes, plan.early_data.len())));
    }
    if let Some(told) = own_certificate(negotiated, plan.has_certificate) {
        messages.note(&format!("client:    {told}"));
    }
    messages.note(&format!("server:    {}", server(plan, negotiated)));
}

/// What the server has shown.
pub(super) fn tell_chain(chain: &Chain, messages: Messages) {
    connection::chain_lines(chain).iter().for_each(|line| messages.note(line));
}

/// How long it all took, and what came of it by the end.
pub(super) fn tell_end(about: &About, messages: Messages) {
    if about.negotiated.is_some() {
        messages.note(&connection::tickets_line(&about.tickets));
    }
    messages.note(&format!("times:     {}", connection::times_text(&about.times)));
    messages.note(&connection::wire_line(&about.wire, about.answer_bytes));
}

/// Who the server is.
fn server(plan: &Connect, negotiated: &Negotiated) -> String {
    match (&plan.verified, &plan.authorities) {
        _ if negotiated.authentication == Authentication::ExternalPsk => {
            format!("knows the external PSK {}", identity::of_psk(negotiated))
        }
        _ if negotiated.psk_identity.is_some() => {
            format!("knew the external PSK {} before", identity::of_psk(negotiated))
        }
        (Some(name), Some(authorities)) => format!("verified as {name}, trusting {authorities}"),
        _ => "not verified (-k accepts any certificate)".to_owned(),
    }
}

/// What has become of early data, of which `sent` bytes of `all` went with the ClientHello.
fn early_data(negotiated: &Negotiated, sent: usize, all: usize) -> String {
    let rest = "sent after the handshake";
    match sent {
        0 => format!("not announced, as there is no ticket that allows it; {rest}"),
        _ if !negotiated.early_data => format!("rejected; {rest}"),
        _ if sent < all => format!("accepted, {sent} of {all} bytes; the others {rest}"),
        _ => format!("accepted, {sent} bytes"),
    }
}

/// What has become of the client's certificate, if that is worth a word.
fn own_certificate(negotiated: &Negotiated, has_certificate: bool) -> Option<String> {
    match (&negotiated.client_certificate, has_certificate) {
        (ClientCertificate::NotRequested, false) => None,
        (ClientCertificate::NotRequested, true) => Some("not asked for its certificate".into()),
        (ClientCertificate::Missing, false) => {
            Some("asked for a certificate, and has none (--cert FILE and --key FILE show one)".into())
        }
        (ClientCertificate::Missing, true) => {
            Some("asked for a certificate, but the server takes no signature of the key in --key".into())
        }
        (ClientCertificate::Shown { chain, .. }, _) => {
            Some(format!("shown the certificate of {}", identity::subject(chain)))
        }
    }
}

/// What is to be known of the group, in brackets.
fn remarks(group: NamedGroup, negotiated: &Negotiated) -> String {
    let remarks = [
        negotiated.hello_retry.then_some("after a HelloRetryRequest"),
        (!group.is_post_quantum()).then_some("no post-quantum group"),
    ];
    let remarks: Vec<&str> = remarks.into_iter().flatten().collect();
    if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join("; ")) }
}
