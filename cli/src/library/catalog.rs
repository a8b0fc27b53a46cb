use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Library, RUSTLS_VERSION, Rustls, RustlsCrypto, RustlsUnbuffered, Setup};
use crate::error::Error;

/// A library, as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LibraryName {
    /// The engine of this project, with the provider and the switches that are asked for.
    #[default]
    TlsEngine,
    /// rustls, which is linked into this program.
    Rustls(RustlsApi, RustlsCrypto),
    /// A library in a program of its own: its name, or the path of the program. There are few of them, and they are never freed.
    Program(&'static str),
}

/// The interface of rustls that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RustlsApi {
    /// The one with buffers of its own.
    Buffered,
    /// The one that works in its caller's buffers.
    Unbuffered,
}

/// Which library was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Its name in results.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The cryptography under it, if that is another library.
    pub provider: Option<String>,
}

/// What is done with a library of any type.
pub trait Visitor {
    /// What comes of it.
    type Output;

    /// Does it. `new` makes the library from the configuration of both ends.
    fn visit<T: Library>(self, new: impl Fn(&Setup) -> Result<T, Error>) -> Result<Self::Output, Error>;
}

/// The names of libraries that are linked into this program.
const LINKED: [(&str, LibraryName, &str); 5] = [
    ("tls-engine", LibraryName::TlsEngine, "The engine of this project, with the provider and the switches asked for"),
    ("rustls", buffered(RustlsCrypto::AwsLcRs), "rustls, buffered API, aws-lc-rs"),
    ("rustls-unbuffered", unbuffered(RustlsCrypto::AwsLcRs), "rustls, unbuffered API, aws-lc-rs"),
    ("rustls-ring", buffered(RustlsCrypto::Ring), "rustls, buffered API, ring"),
    ("rustls-unbuffered-ring", unbuffered(RustlsCrypto::Ring), "rustls, unbuffered API, ring"),
];

/// The libraries whose programs are in `peers/` of the repository, and what else their builds need.
const PEERS: [(&str, &str, &str); 5] = [
    ("openssl", "OpenSSL of this system", "the headers of OpenSSL (libssl-dev) and pkg-config"),
    ("openssl-src", "OpenSSL, built from its source", "a C compiler, make and perl"),
    ("boringssl", "BoringSSL", "a C++ compiler, cmake and libclang (libclang-dev)"),
    ("s2n-tls", "s2n-tls, on AWS-LC", "a C compiler, best clang"),
    ("rustls-graviola", "rustls, unbuffered API, graviola", "nothing else"),
];

const fn buffered(cryptography: RustlsCrypto) -> LibraryName {
    LibraryName::Rustls(RustlsApi::Buffered, cryptography)
}

const fn unbuffered(cryptography: RustlsCrypto) -> LibraryName {
    LibraryName::Rustls(RustlsApi::Unbuffered, cryptography)
}

impl LibraryName {
    /// All libraries that have names: first those of this program, then those with programs of their own.
    pub fn all() -> impl Iterator<Item = Self> {
        let peers = PEERS.iter().map(|(name, ..)| Self::Program(name));
        LINKED.iter().map(|(_, library, _)| *library).chain(peers)
    }

    /// The names, with a line about each.
    pub fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
        let linked = LINKED.iter().map(|(name, _, about)| (*name, *about));
        linked.chain(PEERS.iter().map(|(name, about, _)| (*name, *about)))
    }

    /// What the build of a library in `peers/` needs besides Rust. `None` for other libraries.
    pub fn build_needs(self) -> Option<&'static str> {
        let Self::Program(typed) = self else { return None };
        PEERS.iter().find(|(name, ..)| *name == typed).map(|(.., needs)| *needs)
    }

    /// Whether it is in a program of its own.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::Program(_))
    }

    /// As it is typed on the command line.
    pub fn typed(self) -> &'static str {
        if let Self::Program(typed) = self { typed } else { self.name() }
    }

    /// Its name in results. For the path of a program it is the file's name, without `tlsbench-`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Program(typed) => {
                let file = Path::new(typed).file_name().and_then(|name| name.to_str()).unwrap_or(typed);
                file.strip_prefix("tlsbench-").unwrap_or(file)
            }
            linked => LINKED.iter().find(|(_, library, _)| *library == linked).map_or("", |(name, ..)| name),
        }
    }

    /// A library that is linked into this program; `None` for another.
    pub fn description(self) -> Option<Description> {
        let (version, provider) = match self {
            // All packages of the workspace have one version.
            Self::TlsEngine => (env!("CARGO_PKG_VERSION"), None),
            Self::Rustls(_, cryptography) => (RUSTLS_VERSION, Some(cryptography.name().to_owned())),
            Self::Program(_) => return None,
        };
        Some(Description { name: self.name().to_owned(), version: version.to_owned(), provider })
    }

    /// Lets `visitor` have the library, which must be linked into this program and not be the engine: that is configured with
    /// more than a [`Setup`].
    pub fn visit<V: Visitor>(self, visitor: V) -> Result<V::Output, Error> {
        match self {
            Self::Rustls(RustlsApi::Buffered, cryptography) => visitor.visit(|setup| Rustls::new(setup, cryptography)),
            Self::Rustls(RustlsApi::Unbuffered, cryptography) => {
                visitor.visit(|setup| RustlsUnbuffered::new(setup, cryptography))
            }
            Self::TlsEngine | Self::Program(_) => Err(Error::Failed(format!("{} is not such a library", self.name()))),
        }
    }
}

/// A known name, or the path of a program, which has a slash. Whether such a program is there, is found out later.
impl FromStr for LibraryName {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Self, Error> {
        if typed.contains('/') {
            return Ok(Self::Program(Box::leak(typed.into())));
        }
        let known = Self::all().find(|library| library.name() == typed);
        known.ok_or_else(|| Error::unknown("library", typed, Self::known().map(|(name, _)| name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for library in LibraryName::all() {
            assert_eq!(library.name().parse::<LibraryName>().unwrap(), library);
            assert_eq!(library.description().is_none(), library.build_needs().is_some(), "{library:?}");
        }
        assert_eq!(LibraryName::all().count(), LibraryName::known().count());
        let mine: LibraryName = "./target/release/tlsbench-mine".parse().unwrap();
        assert_eq!((mine.name(), mine.build_needs()), ("mine", None));
        assert!("mine".parse::<LibraryName>().is_err());
    }
}
