//! The names that people type for numbers on the wire.

use std::path::{Path, PathBuf};

use tls_engine::codes::{CertificateCompressionAlgorithm, CipherSuite, NamedGroup, ProtocolVersion};
use tls_engine::pki::compression::{BROTLI, CertificateCompression, ZLIB};

/// The cipher suites with their short names, in the order that lists print them.
pub const SUITES: [(CipherSuite, &str); 5] = [
    (CipherSuite::AES_128_GCM_SHA256, "aes128gcm"),
    (CipherSuite::AES_256_GCM_SHA384, "aes256gcm"),
    (CipherSuite::CHACHA20_POLY1305_SHA256, "chacha20poly1305"),
    (CipherSuite::AEGIS_128L_SHA256, "aegis128l"),
    (CipherSuite::AEGIS_256_SHA512, "aegis256"),
];

/// The groups with their names. The first name of each is the one that is printed.
pub const GROUPS: [(NamedGroup, &[&str]); 7] = [
    (NamedGroup::X25519, &["x25519"]),
    (NamedGroup::SECP256R1, &["secp256r1", "p256", "p-256", "prime256v1"]),
    (NamedGroup::SECP384R1, &["secp384r1", "p384", "p-384"]),
    (NamedGroup::SECP521R1, &["secp521r1", "p521", "p-521"]),
    (NamedGroup::X25519_MLKEM768, &["x25519mlkem768"]),
    (NamedGroup::SECP256R1_MLKEM768, &["secp256r1mlkem768"]),
    (NamedGroup::SECP384R1_MLKEM1024, &["secp384r1mlkem1024"]),
];

/// What measurements between two ends of this program offer unless they are told otherwise, as `--groups` takes it: what every library
/// has, so that all do the same work.
pub const COMMON_GROUPS: &str = "x25519:secp256r1:secp384r1";

/// The algorithms that certificates are compressed with.
pub const COMPRESSIONS: [&dyn CertificateCompression; 2] = [ZLIB, BROTLI];

/// The algorithm for certificates with this name, ignoring case.
pub fn compression(name: &str) -> Option<CertificateCompressionAlgorithm> {
    let all = COMPRESSIONS.iter().map(|known| known.algorithm());
    all.into_iter().find(|code| code.name().is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

/// The cipher suite with this short name or IANA name, ignoring case.
pub fn suite(name: &str) -> Option<CipherSuite> {
    SUITES
        .iter()
        .find(|(code, short)| {
            short.eq_ignore_ascii_case(name) || code.name().is_some_and(|iana| iana.eq_ignore_ascii_case(name))
        })
        .map(|(code, _)| *code)
}

/// The short name of a cipher suite, or its IANA name or number if it has none.
pub fn short_suite(code: CipherSuite) -> String {
    SUITES.iter().find(|(known, _)| *known == code).map_or_else(|| code.to_string(), |(_, short)| (*short).to_owned())
}

/// The suite of TLS 1.2 with the AEAD and the hash of a suite of TLS 1.3, an ephemeral exchange on a curve, and a signature of that
/// kind. `None` where there is none.
pub fn suite_of_tls12(code: CipherSuite, signs_with_rsa: bool) -> Option<CipherSuite> {
    let [ecdsa, rsa] = match code {
        CipherSuite::AES_128_GCM_SHA256 => {
            [CipherSuite::ECDHE_ECDSA_AES_128_GCM_SHA256, CipherSuite::ECDHE_RSA_AES_128_GCM_SHA256]
        }
        CipherSuite::AES_256_GCM_SHA384 => {
            [CipherSuite::ECDHE_ECDSA_AES_256_GCM_SHA384, CipherSuite::ECDHE_RSA_AES_256_GCM_SHA384]
        }
        CipherSuite::CHACHA20_POLY1305_SHA256 => {
            [CipherSuite::ECDHE_ECDSA_CHACHA20_POLY1305_SHA256, CipherSuite::ECDHE_RSA_CHACHA20_POLY1305_SHA256]
        }
        _ => return None,
    };
    Some(if signs_with_rsa { rsa } else { ecdsa })
}

/// The protocol version with this name: `1.3`, or `1.2`.
pub fn version(name: &str) -> Option<ProtocolVersion> {
    [ProtocolVersion::TLS13, ProtocolVersion::TLS12].into_iter().find(|version| short_version(*version) == name)
}

/// The name of a protocol version as it is typed.
pub fn short_version(version: ProtocolVersion) -> String {
    let name = version.to_string();
    name.strip_prefix("TLSv").unwrap_or(&name).to_owned()
}

/// The printed name of a group, or its IANA name or number if it has none.
pub fn short_group(code: NamedGroup) -> String {
    let known = GROUPS.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| code.to_string(), |(_, names)| names[0].to_owned())
}

/// The group with this name, ignoring case.
pub fn group(name: &str) -> Option<NamedGroup> {
    GROUPS.iter().find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name))).map(|(code, _)| *code)
}

/// A label that users choose and that becomes part of names and paths: letters, digits, and `-`, `_`, `.`, `=` between
/// them.
pub fn parse_label(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.=".contains(letter);
    let begins_well = text.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if begins_well && text.len() <= 100 && text.chars().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, and -, _, . or = after the first, at most 100".to_owned())
    }
}

/// Text from users, peers or files, with hidden characters replaced: a terminal would obey some of them.
pub fn shown(text: &str) -> String {
    text.chars().map(|letter| if is_hidden(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Whether a character is not visible as such: it controls a terminal, ends a line, changes the direction of text, or
/// has no width.
pub fn is_hidden(letter: char) -> bool {
    let is_format = matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    letter.is_control() || is_format
}

/// The path of the results that are saved under a name: in the folder `.tlsbench` below the current one.
pub fn baseline_path(name: &str) -> PathBuf {
    Path::new(".tlsbench").join(format!("{name}.json"))
}

/// Whether `text` matches `pattern`, in which `*` stands for any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    // The part after the last star must be at the end. Each part between two stars may match at its first occurrence.
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    text.ends_with(tail)
}

/// The known name that is closest to `typed`, if one is close enough to have been meant.
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
    fn a_label_is_a_plain_word() {
        for good in ["main", "2024-02-01", "zero-copy=off", "v1.2_x"] {
            assert_eq!(parse_label(good).as_deref(), Ok(good));
        }
        for bad in ["", ".hidden", "../up", "a/b", "two words", "-x", &"x".repeat(101)] {
            assert!(parse_label(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let names = || SUITES.iter().map(|(_, short)| *short);
        assert_eq!(nearest("aes-128-gcm", names()), Some("aes128gcm"));
        assert_eq!(nearest("chacha20", names()), Some("chacha20poly1305"));
        assert_eq!(nearest("AEGIS128", names()), Some("aegis128l"));
        assert_eq!(nearest("zzz", names()), None);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is_match) in [
            ("*", "", true),
            ("**", "a", true),
            ("throughput/*", "throughput/memory/send", true),
            ("*/memory/*/aes128gcm/*", "throughput/memory/send/aes128gcm/64", true),
            ("*/memory/*/aes128gcm/*", "throughput/loopback-2/send/aes128gcm/64", false),
            ("throughput/memory", "throughput/memory/send", false),
            ("*send", "throughput/memory/send", true),
            ("*send", "send/send", true),
            ("a*a", "a", false),
            ("*ab*b", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }
}
