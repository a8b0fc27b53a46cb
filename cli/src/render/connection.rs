//! A look at a server, as lines for people: what `connect` says on standard error.

use std::time::Duration;

use super::{Align, Sheet, View};
use crate::schema::connection::{Certificate, Chain, Difference, Look, Role, Spread, Tickets, Times, Trust, Wire};
use crate::units::{counted, format_duration, grouped};

/// How many names of a certificate are shown.
const NAMES_SHOWN: usize = 4;
/// How many values of a difference are shown.
const VALUES_SHOWN: usize = 4;

/// A line for each certificate, and one for what is missing or needs to be known of their end.
pub fn chain_lines(chain: &Chain) -> Vec<String> {
    let numbered = chain.certificates.iter().enumerate();
    let mut lines: Vec<String> =
        numbered.map(|(index, each)| format!("chain:     {} {}", index + 1, certificate(each))).collect();
    if chain.more_certificates > 0 {
        lines.push(format!("chain:     and {} more", counted(chain.more_certificates, "certificate", "certificates")));
    }
    lines.extend(end(chain));
    lines
}

fn certificate(certificate: &Certificate) -> String {
    let role = match certificate.role {
        Role::Leaf if certificate.self_issued => "leaf, self-signed",
        Role::Leaf => "leaf",
        Role::Intermediate => "intermediate",
        Role::Root => "self-signed root, which need not be sent",
        Role::Unused => "not needed",
    };
    let Some(subject) = &certificate.subject else { return format!("{role}: can't be read") };
    let mut parts = vec![format!("{role}: {}", names(certificate, subject))];
    parts.extend(
        certificate.issuer.as_ref().filter(|_| !certificate.self_issued).map(|name| format!("issued by {name}")),
    );
    parts.push(validity(certificate));
    parts.extend(certificate.key.clone());
    parts.extend(certificate.signature.as_ref().map(|algorithm| format!("signed with {algorithm}")));
    parts.join("; ")
}

/// The names that it is for; those of an authority say less than its subject.
fn names(certificate: &Certificate, subject: &str) -> String {
    if certificate.names.is_empty() || certificate.role != Role::Leaf {
        return if subject.is_empty() { "no name".to_owned() } else { subject.to_owned() };
    }
    listed(&certificate.names, certificate.more_names, NAMES_SHOWN)
}

/// The first of `all`, after which `more` follow.
fn listed(all: &[String], more: usize, shown: usize) -> String {
    let first = all.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(shown) + more {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

fn validity(certificate: &Certificate) -> String {
    let date =
        |time: &Option<String>| time.as_deref().and_then(|time| time.split('T').next()).unwrap_or_default().to_owned();
    if certificate.not_yet_valid {
        return format!("not valid before {}", date(&certificate.not_before));
    }
    let days = |count: u64| counted(usize::try_from(count).unwrap_or(usize::MAX), "day", "days");
    match certificate.days_left {
        None => "its validity can't be read".to_owned(),
        Some(0) => "less than a day left".to_owned(),
        Some(-1) => "expired less than a day ago".to_owned(),
        Some(left) if left < 0 => format!("expired {} ago", days(left.unsigned_abs() - 1)),
        Some(left) => format!("{} left", days(left.unsigned_abs())),
    }
}

/// Where the certificates lead.
fn end(chain: &Chain) -> Option<String> {
    if let Some(issuer) = &chain.missing_issuer {
        return Some(match chain.trust {
            Trust::NotVerified => {
                format!("not sent:  the certificate of {issuer}, which clients that trust it have")
            }
            _ => format!("missing:   the certificate of {issuer}, which is neither in the chain nor trusted"),
        });
    }
    match (&chain.trusted_issuer, chain.trust) {
        (Some(issuer), Trust::Verified) => Some(format!("chain:     leads to {issuer}, which is trusted")),
        (Some(issuer), _) => {
            Some(format!("chain:     leads to the name {issuer}, which is that of a trusted authority"))
        }
        (None, Trust::Refused) if is_self_issued(chain) => {
            Some("chain:     ends with a self-signed certificate that is not trusted".to_owned())
        }
        _ => None,
    }
}

fn is_self_issued(chain: &Chain) -> bool {
    let mut certificates = chain.certificates.iter();
    certificates.any(|certificate| certificate.self_issued && certificate.role != Role::Unused)
}

/// How long each phase took that the connection came to.
pub fn times_text(times: &Times) -> String {
    let phases =
        [("DNS", times.dns_ns), ("TCP", times.tcp_ns), ("TLS", times.tls_ns), ("first byte", times.first_byte_ns)];
    let known = phases.iter().filter_map(|(name, time)| Some(format!("{name} {}", duration((*time)?))));
    known.collect::<Vec<_>>().join(", ")
}

fn duration(ns: u64) -> String {
    format_duration(Duration::from_nanos(ns))
}

/// Which tickets came.
pub fn tickets_line(tickets: &Tickets) -> String {
    let Tickets { count, lifetime_s, early_data_bytes } = tickets;
    let Some(lifetime_s) = lifetime_s else { return "tickets:   none".to_owned() };
    let lifetime = humantime::format_duration(Duration::from_secs((*lifetime_s).into()));
    let early_data = match early_data_bytes {
        None | Some(0) => "no early data".to_owned(),
        Some(bytes) => format!("up to {} bytes of early data", grouped((*bytes).into())),
    };
    format!("tickets:   {count}, valid for {lifetime}, {early_data}")
}

/// How many bytes went over the wire.
pub fn wire_line(wire: &Wire, answer_bytes: u64) -> String {
    let both = |sent, received| format!("{} sent, {} received", grouped(sent), grouped(received));
    let handshake = match (wire.handshake_sent_bytes, wire.handshake_received_bytes) {
        (Some(sent), Some(received)) => format!("handshake {}; ", both(sent, received)),
        _ => String::new(),
    };
    let all = both(wire.sent_bytes, wire.received_bytes);
    format!("bytes:     {handshake}in all {all}, {} of them the answer", grouped(answer_bytes))
}

/// A table of the times of several connections, and in what they differed.
pub fn spread_lines(look: &Look) -> Vec<String> {
    if look.spread.is_empty() {
        return Vec::new();
    }
    let count = look.connections.len();
    let mut sheet = Sheet::new([
        (&*format!("{count} connections"), Align::Left),
        ("shortest", Align::Right),
        ("median", Align::Right),
        ("longest", Align::Right),
    ]);
    for Spread { phase, min_ns, median_ns, max_ns, .. } in &look.spread {
        let name = phase.to_uppercase();
        sheet.row(vec![name, duration(*min_ns), duration(*median_ns), duration(*max_ns)]);
    }
    let mut lines: Vec<String> = sheet.table(&View::plain()).lines().map(str::to_owned).collect();
    lines.extend(look.differences.iter().map(difference));
    if look.differences.is_empty() {
        lines.push("differed:  nothing".to_owned());
    }
    lines
}

fn difference(difference: &Difference) -> String {
    format!("differed:  {}: {}", difference.what, listed(&difference.values, 0, VALUES_SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Certificate {
        Certificate {
            role: Role::Leaf,
            subject: Some("CN=a".into()),
            names: vec!["a.example".into(), "192.0.2.1".into()],
            more_names: 0,
            issuer: Some("CN=b".into()),
            self_issued: false,
            not_before: Some("2026-01-01T00:00:00Z".into()),
            not_after: Some("2026-12-31T00:00:00Z".into()),
            days_left: Some(30),
            not_yet_valid: false,
            key: Some("ECDSA on P-256".into()),
            signature: Some("ecdsa-with-SHA256".into()),
            sha256: String::new(),
        }
    }

    #[test]
    fn a_certificate_is_a_line() {
        assert_eq!(
            certificate(&leaf()),
            "leaf: a.example, 192.0.2.1; issued by CN=b; 30 days left; ECDSA on P-256; signed with ecdsa-with-SHA256"
        );
        let many = Certificate { names: (0..9).map(|number| number.to_string()).collect(), more_names: 3, ..leaf() };
        assert!(certificate(&many).starts_with("leaf: 0, 1, 2, 3 and 8 more; "));
        let unreadable = Certificate { subject: None, role: Role::Unused, ..leaf() };
        assert_eq!(certificate(&unreadable), "not needed: can't be read");
    }

    #[test]
    fn validity_is_told_in_days() {
        for (days_left, told) in [
            (400, "400 days left"),
            (1, "1 day left"),
            (0, "less than a day left"),
            (-1, "expired less than a day ago"),
            (-2, "expired 1 day ago"),
            (-31, "expired 30 days ago"),
        ] {
            assert_eq!(validity(&Certificate { days_left: Some(days_left), ..leaf() }), told);
        }
        let early = Certificate { not_yet_valid: true, ..leaf() };
        assert_eq!(validity(&early), "not valid before 2026-01-01");
    }

    #[test]
    fn phases_that_did_not_happen_are_left_out() {
        assert_eq!(times_text(&Times::default()), "");
        let times = Times { tcp_ns: Some(200_000), tls_ns: Some(3_100_000), ..Times::default() };
        assert_eq!(times_text(&times), "TCP 200 µs, TLS 3.10 ms");
    }

    #[test]
    fn tickets_are_told_with_what_they_allow() {
        let tickets =
            |count, lifetime_s, early_data_bytes| tickets_line(&Tickets { count, lifetime_s, early_data_bytes });
        assert_eq!(tickets(0, None, None), "tickets:   none");
        assert_eq!(tickets(2, Some(7200), None), "tickets:   2, valid for 2h, no early data");
        assert_eq!(
            tickets(1, Some(90), Some(16384)),
            "tickets:   1, valid for 1m 30s, up to 16,384 bytes of early data"
        );
    }
}
