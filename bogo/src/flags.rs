//! The runner's flags.

use std::fmt::Display;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use tls_engine::PskHash;
use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use crate::failure::Failure;
use crate::features;
use crate::policies::{FIPS_202205, Policy, WPA_202304};

/// What the runner asks for, and what it expects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) port: u16,
    pub(crate) shim_id: u64,
    pub(crate) ipv6: bool,
    pub(crate) server: bool,

    pub(crate) min_version: Option<u16>,
    pub(crate) max_version: Option<u16>,
    pub(crate) refused_versions: Vec<ProtocolVersion>,
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    /// The groups of a client's key shares; none is a list without groups.
    pub(crate) key_shares: Option<Vec<NamedGroup>>,
    /// What may be verified; all where there is none.
    pub(crate) verified_schemes: Vec<SignatureScheme>,
    /// Goes before the lists above.
    pub(crate) policy: Option<&'static Policy>,
    /// The default credential, if it has files, then those that are added.
    pub(crate) credentials: Vec<Credential>,
    pub(crate) trusted_file: Option<String>,
    pub(crate) host_name: Option<String>,
    pub(crate) offered_alpn: Option<String>,
    pub(crate) selected_alpn: Option<String>,
    pub(crate) refuse_alpn: bool,
    /// What a client asks to be stapled to the server's certificate.
    pub(crate) requests_ocsp_response: bool,
    pub(crate) requests_timestamps: bool,
    /// Whether a client offers values that servers have to ignore.
    pub(crate) grease: bool,
    /// Whether certificates are compressed: with all of the runner's algorithms, or with this one.
    pub(crate) compresses_certificates: bool,
    pub(crate) only_compression: Option<u16>,
    pub(crate) verify_peer: bool,
    pub(crate) verify_fail: bool,
    /// Whether a server refuses clients without a certificate.
    pub(crate) requires_certificate: bool,
    /// The authorities that a server names.
    pub(crate) client_authorities: Option<String>,

    /// Reads and writes one byte at a time.
    pub(crate) by_byte: bool,
    pub(crate) read_size: Option<usize>,
    pub(crate) peek_then_read: bool,
    pub(crate) writes_first: bool,
    pub(crate) initial_write: Option<String>,
    pub(crate) initial_writes: Option<usize>,
    pub(crate) writes_all_sizes: bool,
    pub(crate) shuts_down: bool,
    pub(crate) checks_close: bool,
    pub(crate) updates_keys: bool,
    pub(crate) updates_keys_before_read: bool,
    pub(crate) exports_secrets: bool,
    /// How many bytes of keying material are exported and sent, with which label and, if it is used, context.
    pub(crate) exported_bytes: Option<usize>,
    pub(crate) export_label: String,
    pub(crate) export_context: String,
    pub(crate) uses_export_context: bool,

    pub(crate) expected_version: Option<u16>,
    pub(crate) expected_suite: Option<u16>,
    pub(crate) expected_group: Option<u16>,
    pub(crate) expected_scheme: Option<u16>,
    pub(crate) expected_ocsp_response: Option<Vec<u8>>,
    pub(crate) expected_timestamps: Option<Vec<u8>>,
    pub(crate) expected_alpn: Option<String>,
    pub(crate) expected_server_name: Option<String>,
    pub(crate) expects_no_server_name: bool,
    pub(crate) expected_retry: Option<bool>,
    pub(crate) expects_no_ticket: bool,
    pub(crate) expects_no_certificate: bool,
    /// How many connections follow the first, each of which resumes the session of the one before.
    pub(crate) resumptions: usize,
    /// That this connection is not resumed, though it offers a session.
    pub(crate) expects_session_miss: bool,
    /// Whether a server gives no tickets, and takes none.
    pub(crate) refuses_tickets: bool,
    pub(crate) expects_early_data_ticket: bool,
    /// Whether a client offers early data, or a server takes some.
    pub(crate) takes_early_data: bool,
    /// Whether early data is accepted.
    pub(crate) expected_early_data: Option<bool>,
    pub(crate) expects_no_early_data_offer: bool,
    /// The place of the credential among those that are added; -1 is the default one.
    pub(crate) expected_credential: Option<i32>,
}

/// A certificate chain with its key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) is_default: bool,
    pub(crate) certificate_file: String,
    pub(crate) key_file: String,
    /// What is stapled to the certificate.
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    /// The schemes to sign with, best first; all where there is none.
    pub(crate) schemes: Vec<SignatureScheme>,
    /// What is there instead of a certificate.
    pub(crate) psk: Option<Psk>,
}

/// An external PSK, which is imported for every hash (RFC 9258).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Psk {
    pub(crate) identity: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) context: Vec<u8>,
    pub(crate) hash: PskHash,
}

const INITIAL_WRITE: &str = "hello";

type Switch = fn(&mut Flags);
type Value = fn(&mut Flags, &str) -> Result<(), Failure>;

/// The front of a flag that is for the first connection alone, and of one that is for those after it.
pub(crate) const ON_INITIAL: &str = "-on-initial";
pub(crate) const ON_RESUME: &str = "-on-resume";
/// The front of a flag that is for a connection from when its early data was rejected.
pub(crate) const ON_RETRY: &str = "-on-retry";

/// What flags are read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The first connection.
    Initial,
    /// A connection after it.
    Resume,
    /// Such a connection, from when its early data was rejected: flags for those after the first are not for it.
    Retry,
}

/// Flags without a value.
const SWITCHES: &[(&str, Switch)] = &[
    ("-async", |flags| flags.by_byte = true),
    ("-check-close-notify", |flags| flags.checks_close = true),
    ("-enable-early-data", |flags| flags.takes_early_data = true),
    ("-enable-grease", |flags| flags.grease = true),
    ("-enable-ocsp-stapling", |flags| flags.requests_ocsp_response = true),
    ("-enable-signed-cert-timestamps", |flags| flags.requests_timestamps = true),
    ("-expect-accept-early-data", |flags| flags.expected_early_data = Some(true)),
    ("-expect-hrr", |flags| flags.expected_retry = Some(true)),
    ("-expect-no-hrr", |flags| flags.expected_retry = Some(false)),
    ("-expect-no-offer-early-data", |flags| flags.expects_no_early_data_offer = true),
    ("-expect-no-peer-cert", |flags| flags.expects_no_certificate = true),
    ("-expect-no-server-name", |flags| flags.expects_no_server_name = true),
    ("-expect-no-session", |flags| flags.expects_no_ticket = true),
    ("-expect-reject-early-data", |flags| flags.expected_early_data = Some(false)),
    ("-expect-session-miss", |flags| flags.expects_session_miss = true),
    ("-expect-ticket-supports-early-data", |flags| flags.expects_early_data_ticket = true),
    ("-export-traffic-secrets", |flags| flags.exports_secrets = true),
    ("-fips-202205", |flags| flags.policy = Some(&FIPS_202205)),
    ("-install-cert-compression-algs", |flags| flags.compresses_certificates = true),
    ("-ipv6", |flags| flags.ipv6 = true),
    ("-key-update", |flags| flags.updates_keys = true),
    ("-key-update-before-read", |flags| flags.updates_keys_before_read = true),
    ("-new-psk-credential", |flags| {
        flags.credentials.push(Credential { psk: Some(Psk::default()), ..Credential::default() });
    }),
    ("-new-x509-credential", |flags| flags.credentials.push(Credential::default())),
    ("-no-key-shares", |flags| flags.key_shares = Some(Vec::new())),
    ("-no-tls1", |flags| flags.refused_versions.push(ProtocolVersion::TLS10)),
    ("-no-tls11", |flags| flags.refused_versions.push(ProtocolVersion::TLS11)),
    ("-no-tls12", |flags| flags.refused_versions.push(ProtocolVersion::TLS12)),
    ("-no-tls13", |flags| flags.refused_versions.push(ProtocolVersion::TLS13)),
    ("-no-ticket", |flags| flags.refuses_tickets = true),
    ("-peek-then-read", |flags| flags.peek_then_read = true),
    ("-psk-importer-sha256", |flags| flags.psk().hash = PskHash::Sha256),
    ("-psk-importer-sha384", |flags| flags.psk().hash = PskHash::Sha384),
    ("-reject-alpn", |flags| flags.refuse_alpn = true),
    ("-require-any-client-certificate", |flags| flags.requires_certificate = true),
    ("-server", |flags| flags.server = true),
    ("-shim-shuts-down", |flags| flags.shuts_down = true),
    ("-shim-writes-first", |flags| flags.writes_first = true),
    ("-use-export-context", |flags| flags.uses_export_context = true),
    ("-verify-fail", |flags| flags.verify_fail = true),
    ("-verify-peer", |flags| flags.verify_peer = true),
    ("-wpa-202304", |flags| flags.policy = Some(&WPA_202304)),
    ("-write-different-record-sizes", |flags| flags.writes_all_sizes = true),
];

/// Flags that change nothing here.
const WITHOUT_EFFECT: &[&str] = &[
    // No protocol is the default.
    "-decline-alpn",
    // Every session of TLS 1.3 counts as one with an extended master secret and with secure renegotiation.
    "-expect-extended-master-secret",
    "-expect-secure-renegotiation",
    "-no-legacy-server-connect",
    // TLS 1.3 has no renegotiation, whatever is allowed.
    "-renegotiate-freely",
    // A stream completes its handshake with the first call, whichever it is, and does not begin another.
    "-implicit-handshake",
    "-no-op-extra-handshake",
    // A stream takes as much as there is room for, and the shim sends the rest with the next call.
    "-partial-write",
    // BoringSSL has two ways to verify, the engine one.
    "-use-custom-verify-callback",
    // And two to choose the certificate of a client.
    "-use-old-client-cert-callback",
    // A certificate from an authority that was named goes first in any case.
    "-must-match-issuer",
];

/// Flags with a value.
const VALUES: &[(&str, Value)] = &[
    ("-advertise-alpn", |flags, value| set(&mut flags.offered_alpn, value)),
    ("-cert-file", |flags, value| {
        flags.credential().certificate_file = value.into();
        Ok(())
    }),
    ("-curves", |flags, value| push(&mut flags.groups, NamedGroup, value)),
    ("-expect-alpn", |flags, value| set(&mut flags.expected_alpn, value)),
    ("-expect-cipher", |flags, value| set(&mut flags.expected_suite, value)),
    ("-expect-curve-id", |flags, value| set(&mut flags.expected_group, value)),
    // Of its reasons against early data, the engine tells none.
    ("-expect-early-data-reason", |flags, value| {
        flags.expected_early_data = Some(value == "accept");
        Ok(())
    }),
    ("-expect-ocsp-response", |flags, value| base64(flags.expected_ocsp_response.insert(Vec::new()), value)),
    ("-expect-peer-signature-algorithm", |flags, value| set(&mut flags.expected_scheme, value)),
    ("-expect-selected-credential", |flags, value| set(&mut flags.expected_credential, value)),
    ("-expect-server-name", |flags, value| set(&mut flags.expected_server_name, value)),
    ("-expect-signed-cert-timestamps", |flags, value| base64(flags.expected_timestamps.insert(Vec::new()), value)),
    ("-expect-version", |flags, value| set(&mut flags.expected_version, value)),
    ("-export-context", |flags, value| {
        flags.export_context = value.into();
        Ok(())
    }),
    ("-export-keying-material", |flags, value| set(&mut flags.exported_bytes, value)),
    ("-export-label", |flags, value| {
        flags.export_label = value.into();
        Ok(())
    }),
    ("-host-name", |flags, value| set(&mut flags.host_name, value)),
    ("-install-one-cert-compression-alg", |flags, value| set(&mut flags.only_compression, value)),
    ("-key-file", |flags, value| {
        flags.credential().key_file = value.into();
        Ok(())
    }),
    ("-key-shares", |flags, value| push(flags.key_shares.get_or_insert_default(), NamedGroup, value)),
    ("-max-version", |flags, value| set(&mut flags.max_version, value)),
    ("-min-version", |flags, value| set(&mut flags.min_version, value)),
    ("-ocsp-response", |flags, value| base64(flags.credential().ocsp_response.insert(Vec::new()), value)),
    ("-port", |flags, value| number(value).map(|port| flags.port = port)),
    ("-psk-importer-context", |flags, value| base64(&mut flags.psk().context, value)),
    ("-psk-importer-identity", |flags, value| base64(&mut flags.psk().identity, value)),
    ("-psk-importer-key", |flags, value| base64(&mut flags.psk().key, value)),
    ("-read-size", |flags, value| set(&mut flags.read_size, value)),
    ("-repeat-shim-initial-write", |flags, value| set(&mut flags.initial_writes, value)),
    ("-resume-count", |flags, value| number(value).map(|count| flags.resumptions = count)),
    ("-select-alpn", |flags, value| set(&mut flags.selected_alpn, value)),
    ("-shim-id", |flags, value| number(value).map(|id| flags.shim_id = id)),
    ("-shim-initial-write", |flags, value| set(&mut flags.initial_write, value)),
    ("-signed-cert-timestamps", |flags, value| base64(flags.credential().timestamps.insert(Vec::new()), value)),
    ("-signing-prefs", |flags, value| push(&mut flags.credential().schemes, SignatureScheme, value)),
    ("-tls13-ciphers", |flags, value| push(&mut flags.suites, CipherSuite, value)),
    ("-trust-cert", |flags, value| set(&mut flags.trusted_file, value)),
    ("-use-client-ca-list", |flags, value| set(&mut flags.client_authorities, value)),
    ("-verify-prefs", |flags, value| push(&mut flags.verified_schemes, SignatureScheme, value)),
];

impl Flags {
    /// Reads the flags of an attempt. A test that needs something else is unimplemented,
    /// and counts for the feature it lacks.
    pub(crate) fn parse(arguments: &[String], attempt: Attempt) -> Result<Self, Failure> {
        if let Some(feature) = features::missing(arguments) {
            return Err(Failure::unimplemented(feature));
        }
        let mut flags = Self::default();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let fronts = [(ON_INITIAL, Attempt::Initial), (ON_RESUME, Attempt::Resume), (ON_RETRY, Attempt::Retry)];
            let meant = fronts.iter().find_map(|(front, meant)| Some((name.strip_prefix(front)?, *meant == attempt)));
            let (name, is_meant) = meant.unwrap_or((name.as_str(), true));
            if let Some((_, set)) = SWITCHES.iter().find(|(known, _)| *known == name) {
                if is_meant {
                    set(&mut flags);
                }
            } else if let Some((_, set)) = VALUES.iter().find(|(known, _)| *known == name) {
                let value = rest.next().ok_or_else(|| Failure::Shim(format!("{name} has no value")))?;
                if is_meant {
                    set(&mut flags, value)?;
                }
            } else if !WITHOUT_EFFECT.contains(&name) {
                return Err(Failure::Unimplemented(format!("the flag {name}")));
            }
        }
        Ok(flags)
    }

    /// TLS 1.3 has to be allowed.
    pub(crate) fn check_versions(&self) -> Result<(), Failure> {
        let is_allowed = self.max_version.is_none_or(|max| max >= ProtocolVersion::TLS13.0)
            && !self.refused_versions.contains(&ProtocolVersion::TLS13);
        if is_allowed { Ok(()) } else { Err(Failure::unimplemented(features::OLDER_VERSIONS)) }
    }

    /// Whether an older version may be negotiated as well. By default BoringSSL's oldest is TLS 1.2.
    pub(crate) fn allows_older_versions(&self) -> bool {
        let oldest = self.min_version.unwrap_or(ProtocolVersion::TLS12.0);
        [ProtocolVersion::TLS10, ProtocolVersion::TLS11, ProtocolVersion::TLS12]
            .iter()
            .any(|version| version.0 >= oldest && !self.refused_versions.contains(version))
    }

    /// Whether a server asks clients for certificates.
    pub(crate) fn asks_clients(&self) -> bool {
        self.server && (self.verify_peer || self.requires_certificate)
    }

    /// Whether the versions are not the default ones.
    pub(crate) fn limits_versions(&self) -> bool {
        self.min_version.is_some() || !self.refused_versions.is_empty()
    }

    /// What a shim says first, if anything.
    pub(crate) fn first_words(&self) -> impl Iterator<Item = &[u8]> {
        let words = self.initial_write.as_deref().unwrap_or(INITIAL_WRITE).as_bytes();
        let times = if self.writes_first { self.initial_writes.unwrap_or(1) } else { 0 };
        std::iter::repeat_n(words, times)
    }

    /// The credential that flags are for: the last one that was added, else the default one.
    fn credential(&mut self) -> &mut Credential {
        if self.credentials.is_empty() {
            self.credentials.push(Credential { is_default: true, ..Credential::default() });
        }
        let last = self.credentials.len() - 1;
        &mut self.credentials[last]
    }

    /// The PSK that flags are for.
    fn psk(&mut self) -> &mut Psk {
        self.credential().psk.get_or_insert_default()
    }

    /// The PSKs, each with its place among the credentials that are added.
    pub(crate) fn psks(&self) -> impl Iterator<Item = (i32, &Psk)> {
        let added = (0..).zip(self.credentials.iter().filter(|credential| !credential.is_default));
        added.filter_map(|(place, credential)| Some((place, credential.psk.as_ref()?)))
    }
}

fn number<T: FromStr<Err: Display>>(value: &str) -> Result<T, Failure> {
    value.parse().map_err(|error| Failure::Shim(format!("{value:?} is no value of this flag: {error}")))
}

fn set<T: FromStr<Err: Display>>(field: &mut Option<T>, value: &str) -> Result<(), Failure> {
    *field = Some(number(value)?);
    Ok(())
}

fn base64(field: &mut Vec<u8>, value: &str) -> Result<(), Failure> {
    let mut decoded = vec![0; value.len()];
    let bytes = Base64::decode(value, &mut decoded);
    *field = bytes.map_err(|error| Failure::Shim(format!("{value:?} is no base64: {error}")))?.to_vec();
    Ok(())
}

fn push<T>(list: &mut Vec<T>, code: fn(u16) -> T, value: &str) -> Result<(), Failure> {
    list.push(code(number(value)?));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Flags, Failure> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Flags::parse(&arguments, Attempt::Initial)
    }

    #[test]
    fn flags_are_read_with_their_values() {
        let flags =
            parse("-port 4433 -shim-id 7 -server -curves 29 -curves 23 -expect-hrr -no-key-shares").expect("flags");
        let expected = Flags {
            port: 4433,
            shim_id: 7,
            server: true,
            groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
            expected_retry: Some(true),
            key_shares: Some(Vec::new()),
            ..Flags::default()
        };
        assert_eq!(flags, expected);
    }

    #[test]
    fn a_flag_may_be_for_one_connection() {
        let arguments =
            "-on-initial-expect-cipher 4865 -on-resume-expect-cipher 4867 -on-resume-expect-hrr -on-retry-server";
        let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
        let attempts = [Attempt::Initial, Attempt::Resume, Attempt::Retry];
        let flags = attempts.map(|attempt| Flags::parse(&arguments, attempt).expect("flags"));
        assert_eq!(flags.each_ref().map(|flags| flags.expected_suite), [Some(4865), Some(4867), None]);
        assert_eq!(flags.each_ref().map(|flags| flags.expected_retry), [None, Some(true), None]);
        assert_eq!(flags.map(|flags| flags.server), [false, false, true]);
    }

    #[test]
    fn credentials_begin_with_the_default_one() {
        let flags =
            parse("-cert-file a -key-file b -new-x509-credential -cert-file c -signing-prefs 2055").expect("flags");
        let [default, added] = &flags.credentials[..] else { panic!("two credentials: {:?}", flags.credentials) };
        assert!(default.is_default && default.certificate_file == "a" && default.key_file == "b");
        assert!(!added.is_default && added.certificate_file == "c" && added.schemes == [SignatureScheme::ED25519]);
    }

    #[test]
    fn only_what_leaves_tls_1_3_is_refused() {
        for (line, is_allowed, allows_older) in [
            ("", true, true),
            ("-min-version 772", true, false),
            ("-no-tls12", true, false),
            ("-no-tls12 -min-version 769", true, true),
            ("-max-version 772 -no-tls1 -no-tls11 -no-tls12", true, false),
            ("-max-version 771", false, true),
            ("-no-tls13", false, true),
        ] {
            let flags = parse(line).expect("flags");
            assert_eq!(flags.check_versions().is_ok(), is_allowed, "{line}");
            assert_eq!(flags.allows_older_versions(), allows_older, "{line}");
        }
    }

    #[test]
    fn what_is_not_there_is_called_by_its_feature_or_its_flag() {
        for (line, feature) in [("-server -quic", "QUIC and DTLS"), ("-quite-new", "the flag -quite-new")] {
            let refused = parse(line);
            assert!(matches!(&refused, Err(Failure::Unimplemented(told)) if told == feature), "{line}: {refused:?}");
        }
        for line in ["-port", "-port x", "-curves 70000"] {
            assert!(matches!(parse(line), Err(Failure::Shim(_))), "{line}");
        }
    }
}
