//! What the engine does not have, by the flags that ask for it.

use crate::flags::{ON_INITIAL, ON_RESUME, ON_RETRY};

/// TLS 1.2 and older, which a handshake may turn out to need as well.
pub(crate) const OLDER_VERSIONS: &str = "TLS 1.2 and older";
/// Groups, schemes and kinds of keys, of which the engine knows some.
pub(crate) const GROUPS: &str = "groups (ML-KEM alone, and unknown ones)";
pub(crate) const KEYS: &str = "keys and signature schemes (SHA-1, P-521, RSA below 2048 bits, ML-DSA)";
pub(crate) const RESUMED_CLIENTS: &str = "resumption of sessions with client certificates";
pub(crate) const CALLBACKS: &str = "callbacks and settings of BoringSSL's API";

/// Each feature with the flags that need it. A test that lacks several counts for the first.
const FEATURES: &[(&str, &[&str])] = &[
    ("QUIC and DTLS", &["-dtls", "-quic"]),
    (
        OLDER_VERSIONS,
        &[
            "-advertise-npn",
            "-advertise-empty-npn",
            "-cbc-record-splitting",
            "-cipher",
            "-expect-certificate-types",
            "-expect-next-proto",
            "-expect-no-next-proto",
            "-expect-no-secure-renegotiation",
            "-expect-no-session-id",
            "-expect-session-id",
            "-expect-total-renegotiations",
            "-use-exporter-between-reads",
            "-fallback-scsv",
            "-false-start",
            "-forbid-renegotiation-after-handshake",
            "-psk",
            "-renegotiate-explicit",
            "-renegotiate-ignore",
            "-renegotiate-once",
            "-select-empty-next-proto",
            "-select-next-proto",
            "-srtp-profiles",
            "-tls-unique",
        ],
    ),
    (
        "compliance policies with post-quantum groups",
        &["-cnsa-202407", "-cnsa1-202603", "-cnsa2-202603", "-fips-202609"],
    ),
    ("raw public keys", &["-accepted-peer-cert-types", "-available-client-cert-types", "-new-rpk-credential"]),
    (
        "encrypted ClientHello (ECH)",
        &[
            "-ech-config-list",
            "-ech-server-config",
            "-enable-ech-grease",
            "-expect-ech-accept",
            "-fail-early-callback-ech-rewind",
            "-reject-unusable-ech-config",
        ],
    ),
    ("delegated credentials", &["-new-delegated-credential"]),
    ("password-authenticated key exchange (PAKE)", &["-new-spake2plusv1-credential"]),
    ("trust anchors", &["-available-trust-anchors", "-cert-properties", "-requested-trust-anchors"]),
    ("application settings (ALPS)", &["-application-settings", "-on-initial-application-settings"]),
    ("Channel ID", &["-enable-channel-id", "-expect-channel-id", "-send-channel-id"]),
    ("requested padding", &["-request-server-padding", "-server-supports-padding"]),
    (
        "resumption by name, context and age",
        &[
            "-expect-not-resumable-across-names",
            "-expect-resumable-across-names",
            "-resumption-across-names-enabled",
            "-session-id-context",
            "-expect-ticket-renewal",
            "-resumption-delay",
        ],
    ),
    (
        "handshakes split between processes",
        &[
            "-allow-hint-mismatch",
            "-handshake-hints",
            "-on-handshaker-on-resume-no-ticket",
            "-on-shim-cipher",
            "-on-shim-curves",
            "-on-shim-on-resume-no-ticket",
        ],
    ),
    ("permuted extensions", &["-permute-extensions"]),
    ("fragments below 16 KiB", &["-max-send-fragment"]),
    (GROUPS, &["-curves-flags", "-server-supported-groups-hint"]),
    (
        CALLBACKS,
        &[
            "-allow-unknown-alpn-protos",
            "-decline-ocsp-callback",
            "-early-write-after-message",
            "-expect-advertised-alpn",
            "-expect-cipher-aes",
            "-expect-client-ca-list",
            "-expect-msg-callback",
            "-expect-peer-cert-file",
            "-expect-peer-verify-pref",
            "-expect-sha256-client-cert",
            "-expect-verify-result",
            "-fail-cert-callback",
            "-fail-ddos-callback",
            "-fail-early-callback",
            "-fail-ocsp-callback",
            "-install-ddos-callback",
            "-jdk11-workaround",
            "-max-cert-list",
            "-no-server-name-ack",
            "-private-key-delay-ms",
            "-read-with-unfinished-write",
            "-retain-only-sha256-client-cert",
            "-select-empty-alpn",
            "-send-alert",
            "-server-preference",
            "-set-ocsp-in-callback",
            "-reverify-on-resume",
            "-ticket-key",
            "-tls13-ciphers-flags",
            "-use-early-callback",
            "-use-ocsp-callback",
            "-use-ticket-aead-callback",
            "-use-ticket-callback",
        ],
    ),
];

/// The first feature that one of `arguments` needs and the engine lacks.
pub(crate) fn missing(arguments: &[String]) -> Option<&'static str> {
    let is_asked = |flags: &[&str], argument: &String| {
        let of_one_connection = [ON_INITIAL, ON_RESUME, ON_RETRY].iter().find_map(|front| argument.strip_prefix(front));
        flags.contains(&argument.as_str()) || of_one_connection.is_some_and(|flag| flags.contains(&flag))
    };
    let needs = |flags: &[&str]| arguments.iter().any(|argument| is_asked(flags, argument));
    FEATURES.iter().find(|(_, flags)| needs(flags)).map(|(feature, _)| *feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_counts_for_the_first_feature_it_lacks() {
        let missing = |line: &str| missing(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(missing("-resume-count 1 -psk secret"), Some(OLDER_VERSIONS));
        assert_eq!(missing("-server -resume-count 1 -send-alert"), Some(CALLBACKS));
        assert_eq!(missing("-server -on-resume-send-alert"), Some(CALLBACKS));
        assert_eq!(missing("-server -shim-writes-first"), None);
    }

    #[test]
    fn each_flag_is_in_one_place() {
        let flags: Vec<&str> = FEATURES.iter().flat_map(|(_, flags)| flags.iter().copied()).collect();
        for (index, flag) in flags.iter().enumerate() {
            assert!(!flags[..index].contains(flag), "{flag} twice");
        }
    }
}
