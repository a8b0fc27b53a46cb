//! The names people type for what the wire has numbers for.

use tls_engine::codes::{CipherSuite, NamedGroup};

/// The cipher suites with their short names, in the order that lists print them.
pub const SUITES: [(CipherSuite, &str); 5] = [
    (CipherSuite::AES_128_GCM_SHA256, "aes128gcm"),
    (CipherSuite::AES_256_GCM_SHA384, "aes256gcm"),
    (CipherSuite::CHACHA20_POLY1305_SHA256, "chacha20poly1305"),
    (CipherSuite::AEGIS_128L_SHA256, "aegis128l"),
    (CipherSuite::AEGIS_256_SHA512, "aegis256"),
];

/// The groups with their names; the first of each is the one that is printed.
pub const GROUPS: [(NamedGroup, &[&str]); 3] = [
    (NamedGroup::X25519, &["x25519"]),
    (NamedGroup::SECP256R1, &["secp256r1", "p256", "p-256", "prime256v1"]),
    (NamedGroup::SECP384R1, &["secp384r1", "p384", "p-384"]),
];

/// The cipher suite of a short name or of its IANA name, in any case.
pub fn suite(name: &str) -> Option<CipherSuite> {
    SUITES
        .iter()
        .find(|(code, short)| {
            short.eq_ignore_ascii_case(name) || code.name().is_some_and(|iana| iana.eq_ignore_ascii_case(name))
        })
        .map(|(code, _)| *code)
}

/// The short name of a cipher suite; its IANA name or number where it has none.
pub fn short_suite(code: CipherSuite) -> String {
    SUITES.iter().find(|(known, _)| *known == code).map_or_else(|| code.to_string(), |(_, short)| (*short).to_owned())
}

/// The group of a name, in any case.
pub fn group(name: &str) -> Option<NamedGroup> {
    GROUPS.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name))).map(|(code, _)| *code)
}

/// The known name that is nearest to `typed`, where one is near enough to have been meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&typed, &name.to_ascii_lowercase()), name))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_iana_names_mean_the_same() {
        for (code, short) in SUITES {
            assert_eq!(suite(short), Some(code));
            assert_eq!(suite(&code.to_string().to_lowercase()), Some(code));
            assert_eq!(short_suite(code), short);
        }
        assert_eq!(suite("rc4"), None);
        assert_eq!(group("P256"), Some(NamedGroup::SECP256R1));
        assert_eq!(group("ffdhe2048"), None);
    }

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let names = || SUITES.iter().map(|(_, short)| *short);
        assert_eq!(nearest("aes-128-gcm", names()), Some("aes128gcm"));
        assert_eq!(nearest("chacha20", names()), Some("chacha20poly1305"));
        assert_eq!(nearest("AEGIS128", names()), Some("aegis128l"));
        assert_eq!(nearest("zzz", names()), None);
    }
}
