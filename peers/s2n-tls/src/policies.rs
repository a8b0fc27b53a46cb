use tls_engine::codes::{CipherSuite, NamedGroup, ProtocolVersion};
use tlsbench::error::Error;
use tlsbench::library::{HandshakeKind, Setup};

use crate::names::{ECDHE_ECDSA_AES_128_GCM, ECDHE_RSA_AES_128_GCM};

/// The security policies of both ends, by name.
///
/// A policy is a fixed list of versions, suites and groups. A client has a key share of its first group only, and offers all its
/// suites; the server takes the first of its own suites among them. So a client needs a policy whose first group is the one that
/// is asked for, and a server one whose first suite is. None has ChaCha20-Poly1305 before AES in TLS 1.3: there the other end must
/// offer or accept nothing else, which s2n-tls itself does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policies {
    pub(crate) client: &'static str,
    pub(crate) server: &'static str,
}

impl Policies {
    /// Those that negotiate what `setup` asks for.
    pub(crate) fn of(setup: &Setup) -> Result<Self, Error> {
        if setup.kind == HandshakeKind::HelloRetry {
            return Err(Error::Usage("s2n-tls has no policies of two ends that need a HelloRetryRequest".to_owned()));
        }
        let policies = match setup.version {
            ProtocolVersion::TLS13 => Self::of_tls13(setup.suite, &setup.groups),
            ProtocolVersion::TLS12 => Self::of_tls12(setup.suite, &setup.groups),
            _ => None,
        };
        policies.ok_or_else(|| {
            let groups: Vec<String> = setup.groups.iter().map(ToString::to_string).collect();
            let groups = groups.join(", ");
            Error::Usage(format!("s2n-tls has no policy that prefers {}, {}, {groups}", setup.version, setup.suite))
        })
    }

    fn of_tls13(suite: CipherSuite, groups: &[NamedGroup]) -> Option<Self> {
        use NamedGroup as Group;
        const AES_128: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
        const AES_256: CipherSuite = CipherSuite::AES_256_GCM_SHA384;
        const CHACHA20: CipherSuite = CipherSuite::CHACHA20_POLY1305_SHA256;
        match (suite, groups) {
            (_, groups) if !groups.iter().all(is_known) => None,
            // Clients of it have a share of X25519 as well.
            (AES_128, [Group::X25519_MLKEM768, ..]) => Some(Self::both("20241001")),
            (AES_128 | CHACHA20, [Group::X25519, ..]) => Some(Self::both("20240417")),
            (AES_256, [Group::X25519, ..]) => Some(Self::both("20190801")),
            (AES_128 | AES_256 | CHACHA20, [Group::SECP256R1, more @ ..]) if more.contains(&Group::X25519) => {
                Some(Self::both("20240503"))
            }
            (AES_128, [Group::SECP256R1, ..]) => Some(Self::both("20230317")),
            (AES_256 | CHACHA20, [Group::SECP256R1, ..]) => Some(Self::both("20190802")),
            (_, [Group::SECP384R1, more @ ..]) if more.contains(&Group::X25519) => None,
            (AES_128, [Group::SECP384R1, ..]) => Some(Self { client: "20251113", server: "20230317" }),
            (AES_256, [Group::SECP384R1]) => Some(Self::both("20250414")),
            (AES_256, [Group::SECP384R1, ..]) => Some(Self::both("20251113")),
            _ => None,
        }
    }

    /// In TLS 1.2 the server chooses the group as well, the first of its own. No policy without TLS 1.3 has X25519 first, but a
    /// client without TLS 1.3 is enough.
    fn of_tls12(suite: CipherSuite, groups: &[NamedGroup]) -> Option<Self> {
        match (suite, groups) {
            (_, groups) if !groups.iter().all(is_known) => None,
            (ECDHE_ECDSA_AES_128_GCM | ECDHE_RSA_AES_128_GCM, [NamedGroup::X25519, ..]) => {
                Some(Self { client: "20240501", server: "20240417" })
            }
            (ECDHE_ECDSA_AES_128_GCM | ECDHE_RSA_AES_128_GCM, [NamedGroup::SECP256R1, ..]) => {
                Some(Self::both("20240501"))
            }
            _ => None,
        }
    }

    const fn both(name: &'static str) -> Self {
        Self { client: name, server: name }
    }
}

fn is_known(group: &NamedGroup) -> bool {
    const KNOWN: [NamedGroup; 4] =
        [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::X25519_MLKEM768];
    KNOWN.contains(group)
}
