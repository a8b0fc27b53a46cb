//! Numbers of the protocol, such as cipher suites and alerts, as newtypes.
//!
//! Each type holds any number. Known numbers print with their names in the RFCs, others as IANA lists them: in decimal where they
//! have one byte, in hexadecimal where they have two. `Debug` adds the type.

use core::fmt;

/// How a number without a name prints.
pub(crate) trait Unknown {
    fn fmt_unknown(self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Unknown for u8 {
    fn fmt_unknown(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Unknown for u16 {
    fn fmt_unknown(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#06x}")
    }
}

macro_rules! code {
    ($(#[$doc:meta])* $name:ident($repr:ident) { $($(#[$value_doc:meta])* $constant:ident = $value:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $($(#[$value_doc])* #[doc = $text] pub const $constant: Self = Self($value);)*

            /// The name in the RFCs, or `None` for a number this engine has no name for.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($value => Some($text),)* _ => None }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => $crate::codes::Unknown::fmt_unknown(self.0, f),
                }
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => {
                        f.write_str(concat!(stringify!($name), "("))?;
                        $crate::codes::Unknown::fmt_unknown(self.0, f)?;
                        f.write_str(")")
                    }
                }
            }
        }
    };
}
pub(crate) use code;

code! {
    /// The type of a record (RFC 8446 5.1).
    ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20, "change_cipher_spec";
        ALERT = 21, "alert";
        HANDSHAKE = 22, "handshake";
        APPLICATION_DATA = 23, "application_data";
    }
}

code! {
    /// The type of a handshake message (RFC 8446 4).
    HandshakeType(u8) {
        CLIENT_HELLO = 1, "client_hello";
        SERVER_HELLO = 2, "server_hello";
        NEW_SESSION_TICKET = 4, "new_session_ticket";
        END_OF_EARLY_DATA = 5, "end_of_early_data";
        ENCRYPTED_EXTENSIONS = 8, "encrypted_extensions";
        CERTIFICATE = 11, "certificate";
        CERTIFICATE_REQUEST = 13, "certificate_request";
        CERTIFICATE_VERIFY = 15, "certificate_verify";
        FINISHED = 20, "finished";
        KEY_UPDATE = 24, "key_update";
        COMPRESSED_CERTIFICATE = 25, "compressed_certificate";
        MESSAGE_HASH = 254, "message_hash";
    }
}

code! {
    /// A protocol version on the wire (RFC 8446 4.1.2, 4.2.1).
    ProtocolVersion(u16) {
        SSL30 = 0x0300, "SSLv3";
        TLS10 = 0x0301, "TLSv1.0";
        TLS11 = 0x0302, "TLSv1.1";
        TLS12 = 0x0303, "TLSv1.2";
        TLS13 = 0x0304, "TLSv1.3";
    }
}

code! {
    /// A cipher suite (RFC 8446 B.4; the AEGIS suites: draft-denis-tls-aegis). Those of TLS 1.2 have names only (RFC 5289 3,
    /// RFC 7905 2).
    CipherSuite(u16) {
        AES_128_GCM_SHA256 = 0x1301, "TLS_AES_128_GCM_SHA256";
        AES_256_GCM_SHA384 = 0x1302, "TLS_AES_256_GCM_SHA384";
        CHACHA20_POLY1305_SHA256 = 0x1303, "TLS_CHACHA20_POLY1305_SHA256";
        AEGIS_256_SHA512 = 0x1306, "TLS_AEGIS_256_SHA512";
        AEGIS_128L_SHA256 = 0x1307, "TLS_AEGIS_128L_SHA256";
        ECDHE_ECDSA_AES_128_GCM_SHA256 = 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
        ECDHE_ECDSA_AES_256_GCM_SHA384 = 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
        ECDHE_RSA_AES_128_GCM_SHA256 = 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        ECDHE_RSA_AES_256_GCM_SHA384 = 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
        ECDHE_RSA_CHACHA20_POLY1305_SHA256 = 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
        ECDHE_ECDSA_CHACHA20_POLY1305_SHA256 = 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
    }
}

code! {
    /// A group for key exchange (RFC 8446 4.2.7, draft-ietf-tls-ecdhe-mlkem). ML-KEM alone (draft-ietf-tls-mlkem) has names only,
    /// as a part of hybrids.
    NamedGroup(u16) {
        SECP256R1 = 0x0017, "secp256r1";
        SECP384R1 = 0x0018, "secp384r1";
        SECP521R1 = 0x0019, "secp521r1";
        X25519 = 0x001d, "x25519";
        MLKEM768 = 0x0201, "MLKEM768";
        MLKEM1024 = 0x0202, "MLKEM1024";
        SECP256R1_MLKEM768 = 0x11eb, "SecP256r1MLKEM768";
        X25519_MLKEM768 = 0x11ec, "X25519MLKEM768";
        SECP384R1_MLKEM1024 = 0x11ed, "SecP384r1MLKEM1024";
    }
}

impl NamedGroup {
    /// Whether its secret is safe from quantum computers, as far as is known: whether ML-KEM is in it.
    pub const fn is_post_quantum(self) -> bool {
        matches!(
            self,
            Self::MLKEM768
                | Self::MLKEM1024
                | Self::SECP256R1_MLKEM768
                | Self::X25519_MLKEM768
                | Self::SECP384R1_MLKEM1024
        )
    }
}

code! {
    /// A signature scheme (RFC 8446 4.2.3).
    SignatureScheme(u16) {
        RSA_PKCS1_SHA256 = 0x0401, "rsa_pkcs1_sha256";
        RSA_PKCS1_SHA384 = 0x0501, "rsa_pkcs1_sha384";
        RSA_PKCS1_SHA512 = 0x0601, "rsa_pkcs1_sha512";
        ECDSA_SECP256R1_SHA256 = 0x0403, "ecdsa_secp256r1_sha256";
        ECDSA_SECP384R1_SHA384 = 0x0503, "ecdsa_secp384r1_sha384";
        RSA_PSS_RSAE_SHA256 = 0x0804, "rsa_pss_rsae_sha256";
        RSA_PSS_RSAE_SHA384 = 0x0805, "rsa_pss_rsae_sha384";
        RSA_PSS_RSAE_SHA512 = 0x0806, "rsa_pss_rsae_sha512";
        RSA_PSS_PSS_SHA256 = 0x0809, "rsa_pss_pss_sha256";
        RSA_PSS_PSS_SHA384 = 0x080a, "rsa_pss_pss_sha384";
        RSA_PSS_PSS_SHA512 = 0x080b, "rsa_pss_pss_sha512";
        ED25519 = 0x0807, "ed25519";
    }
}

code! {
    /// The type of an extension (RFC 8446 4.2).
    ExtensionType(u16) {
        SERVER_NAME = 0, "server_name";
        MAX_FRAGMENT_LENGTH = 1, "max_fragment_length";
        STATUS_REQUEST = 5, "status_request";
        SUPPORTED_GROUPS = 10, "supported_groups";
        SIGNATURE_ALGORITHMS = 13, "signature_algorithms";
        ALPN = 16, "application_layer_protocol_negotiation";
        SIGNED_CERTIFICATE_TIMESTAMP = 18, "signed_certificate_timestamp";
        PADDING = 21, "padding";
        COMPRESS_CERTIFICATE = 27, "compress_certificate";
        RECORD_SIZE_LIMIT = 28, "record_size_limit";
        PRE_SHARED_KEY = 41, "pre_shared_key";
        EARLY_DATA = 42, "early_data";
        SUPPORTED_VERSIONS = 43, "supported_versions";
        COOKIE = 44, "cookie";
        PSK_KEY_EXCHANGE_MODES = 45, "psk_key_exchange_modes";
        CERTIFICATE_AUTHORITIES = 47, "certificate_authorities";
        OID_FILTERS = 48, "oid_filters";
        POST_HANDSHAKE_AUTH = 49, "post_handshake_auth";
        SIGNATURE_ALGORITHMS_CERT = 50, "signature_algorithms_cert";
        KEY_SHARE = 51, "key_share";
    }
}

code! {
    /// An algorithm that certificates are compressed with (RFC 8879 7.3).
    CertificateCompressionAlgorithm(u16) {
        ZLIB = 1, "zlib";
        BROTLI = 2, "brotli";
        ZSTD = 3, "zstd";
    }
}

code! {
    /// The description of an alert (RFC 8446 6).
    AlertDescription(u8) {
        CLOSE_NOTIFY = 0, "close_notify";
        UNEXPECTED_MESSAGE = 10, "unexpected_message";
        BAD_RECORD_MAC = 20, "bad_record_mac";
        RECORD_OVERFLOW = 22, "record_overflow";
        HANDSHAKE_FAILURE = 40, "handshake_failure";
        BAD_CERTIFICATE = 42, "bad_certificate";
        UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
        CERTIFICATE_REVOKED = 44, "certificate_revoked";
        CERTIFICATE_EXPIRED = 45, "certificate_expired";
        CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
        ILLEGAL_PARAMETER = 47, "illegal_parameter";
        UNKNOWN_CA = 48, "unknown_ca";
        ACCESS_DENIED = 49, "access_denied";
        DECODE_ERROR = 50, "decode_error";
        DECRYPT_ERROR = 51, "decrypt_error";
        PROTOCOL_VERSION = 70, "protocol_version";
        INSUFFICIENT_SECURITY = 71, "insufficient_security";
        INTERNAL_ERROR = 80, "internal_error";
        INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
        USER_CANCELED = 90, "user_canceled";
        MISSING_EXTENSION = 109, "missing_extension";
        UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
        UNRECOGNIZED_NAME = 112, "unrecognized_name";
        BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
        UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
        CERTIFICATE_REQUIRED = 116, "certificate_required";
        NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_have_names_and_others_print_as_numbers() {
        assert_eq!(CipherSuite::AES_128_GCM_SHA256.to_string(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(CipherSuite(0xbeef).to_string(), "0xbeef");
        assert_eq!(ExtensionType(0x0002).to_string(), "0x0002");
        assert_eq!([AlertDescription(200), AlertDescription(7)].map(|alert| alert.to_string()), ["200", "7"]);
        assert_eq!(HandshakeType(77).to_string(), "77");
    }

    #[test]
    fn those_who_debug_see_the_type_of_a_number_without_a_name() {
        assert_eq!(format!("{:?}", AlertDescription::BAD_RECORD_MAC), "bad_record_mac");
        assert_eq!(format!("{:?}", AlertDescription(200)), "AlertDescription(200)");
        assert_eq!(format!("{:?}", ExtensionType(0x5000)), "ExtensionType(0x5000)");
    }
}
