use std::time::Duration;

use clap::ValueEnum;

use super::library::LibraryParser;
use super::{Output, Saving};
use crate::library::LibraryName;
use crate::units::parse_duration;

/// Measures TLS libraries on the same work, in one run and in turns: a table for each work with the ratio to the best, which
/// library is first, and what the bare cryptography of the same run reaches.
///
/// A library is first where its lead is beyond the noise and at least 1 %; else the table says that no difference is shown.
/// Its variants, such as rustls and rustls-ring, or the engine with another provider, do not compete with each other.
/// What a library lacks, and what it fails at, costs only its cells. Both ends of a connection are of the same library, in
/// memory. `throughput --library` and `handshake --library` measure other works in the same way.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Peers {
    /// The libraries, separated by commas [default: all that are here]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = LibraryParser)]
    pub library: Vec<LibraryName>,

    /// The works, separated by commas [default: all]
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',', conflicts_with = "set")]
    pub work: Vec<PeersWork>,

    /// A named set of works instead
    #[arg(long, value_enum, value_name = "NAME")]
    pub set: Option<PeersSet>,

    /// How long each library is measured at each work, such as 10s; a bare number is seconds
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration, default_value = "2s")]
    pub duration: Duration,

    /// The seed of everything random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// List the libraries with their versions, and where they are
    #[arg(long, conflicts_with_all = ["library", "work", "set", "format", "json", "output", "save_baseline"])]
    pub list: bool,

    /// Build the program of this library from peers/ of a checkout of tlsbench, in or below which this is called
    #[arg(long, value_name = "NAME", value_parser = LibraryParser, exclusive = true)]
    pub build: Option<LibraryName>,

    /// Where results are kept.
    #[command(flatten)]
    pub saving: Saving,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

/// A work that all libraries do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeersWork {
    /// Writes of 16 KiB with AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305
    Bulk,
    /// Writes of 64 B with AES-128-GCM
    Small,
    /// Full handshakes over X25519 with an ECDSA P-256 and with an RSA-2048 certificate, and what idle connections hold
    Handshake,
    /// Handshakes that resume a session over X25519, in TLS 1.3 and in TLS 1.2
    Resumed,
    /// Full handshakes over X25519MLKEM768 with an ECDSA P-256 certificate
    PostQuantum,
    /// Writes of 16 KiB with AES-128-GCM on all processors at once
    Threads,
}

/// A named set of works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PeersSet {
    /// The 16 figures that the rustls project publishes: transfer in writes of 1 MiB, full and resumed handshakes
    RustlsReport,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench peers
  tlsbench peers --work bulk,handshake --library tls-engine,rustls --duration 10s
  tlsbench peers --set rustls-report --json=peers.json
  tlsbench peers --list
  tlsbench peers --build openssl";
