use tls_engine::crypto::{Aead, Group, Hash, Origin, Provider, Random, VerificationScheme};

use crate::names;

/// The purpose of an algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Seals and opens.
    Aead,
    /// Hashes.
    Hash,
    /// Exchanges keys.
    Group,
    /// Signs and verifies.
    Signature,
}

/// One provider's implementation of one algorithm.
#[derive(Clone)]
pub struct Part {
    /// The purpose of the algorithm.
    pub kind: Kind,
    /// The algorithm's name, in lower case: `aes128gcm`, `sha256`, `x25519`, `x25519mlkem768`, `ed25519`.
    pub algorithm: String,
    /// The provider, and the implementation that runs on this CPU.
    pub origin: Origin,
    /// Whether the provider `auto` uses it.
    pub is_auto: bool,
    /// The part itself.
    pub primitive: Primitive,
}

/// The primitive, with what it needs.
#[derive(Clone, Copy)]
pub enum Primitive {
    /// Seals and opens.
    Aead(&'static dyn Aead),
    /// Hashes.
    Hash(&'static dyn Hash),
    /// Exchanges keys, with its provider's randomness.
    Group(&'static dyn Group, &'static dyn Random),
    /// Signs with its provider's keys, and verifies.
    Signature(&'static Provider, VerificationScheme),
}

impl Kind {
    /// All kinds, in the order that lists have them.
    pub const ALL: [Self; 4] = [Self::Aead, Self::Hash, Self::Group, Self::Signature];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aead => "aead",
            Self::Hash => "hash",
            Self::Group => "group",
            Self::Signature => "signature",
        }
    }
}

/// Every part of every provider, once: by kind, then by algorithm in order of preference, with the one that `auto` uses
/// first.
pub fn parts() -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    // `auto` comes first in the list, and the parts that it consists of are not listed again.
    for provider in Provider::all() {
        for part in parts_of(provider) {
            if !parts.iter().any(|known| known.algorithm == part.algorithm && known.origin.source == part.origin.source)
            {
                parts.push(part);
            }
        }
    }
    let algorithms: Vec<String> = parts.iter().map(|part| part.algorithm.clone()).collect();
    let place = |part: &Part| algorithms.iter().position(|name| *name == part.algorithm);
    parts.sort_by_key(|part| (part.kind, place(part)));
    parts
}

fn parts_of(provider: &'static Provider) -> Vec<Part> {
    let part = |kind, algorithm: String, origin, primitive| Part {
        kind,
        algorithm,
        origin,
        is_auto: provider.name == "auto",
        primitive,
    };
    let mut parts = Vec::new();
    for suite in &provider.suites {
        let origin = Origin { source: suite.source, implementation: suite.aead.implementation() };
        parts.push(part(Kind::Aead, names::short_suite(suite.code), origin, Primitive::Aead(suite.aead)));
    }
    // A provider has no list of hashes, because TLS names a hash only within a suite.
    for hash in provider.suites.iter().map(|suite| suite.hash) {
        let algorithm = hash.name().to_ascii_lowercase().replace('-', "");
        parts.push(part(Kind::Hash, algorithm, hash.origin(), Primitive::Hash(hash)));
    }
    for group in &provider.groups {
        let primitive = Primitive::Group(*group, provider.random);
        parts.push(part(Kind::Group, names::short_group(group.name()), group.origin(), primitive));
    }
    // What a key for RSA-PSS only computes is what other RSA keys do.
    for scheme in provider.schemes.iter().filter(|entry| entry.restricted.is_none()) {
        let primitive = Primitive::Signature(provider, *scheme);
        parts.push(part(Kind::Signature, scheme.scheme.to_string(), (scheme.origin)(), primitive));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_every_provider_is_there_once_and_auto_takes_one_for_each_algorithm() {
        let parts = parts();
        for provider in Provider::all() {
            for part in parts_of(provider) {
                let same = |known: &&Part| {
                    (known.kind, &known.algorithm, &known.origin) == (part.kind, &part.algorithm, &part.origin)
                };
                assert_eq!(parts.iter().filter(same).count(), 1, "{} of {}", part.algorithm, provider.name);
            }
        }
        let mut algorithms: Vec<_> = parts.iter().map(|part| &part.algorithm).collect();
        algorithms.dedup();
        assert_eq!(algorithms.len(), 5 + 3 + 7 + 6, "algorithms stand together: {algorithms:?}");
        for algorithm in algorithms {
            let mut taken = parts.iter().filter(|part| part.algorithm == *algorithm);
            assert!(taken.next().is_some_and(|part| part.is_auto), "{algorithm}");
            assert!(taken.all(|part| !part.is_auto), "{algorithm}");
        }
        // The second AEGIS needs SHA-512, which no other suite uses: the SHA-512 of AWS-LC is listed anyway.
        let sha512 = parts.iter().filter(|part| part.algorithm == "sha512").map(|part| part.origin.source);
        assert_eq!(sha512.collect::<Vec<_>>(), ["aws-lc-rs", "rustcrypto"]);
    }
}
