use std::time::Duration;

use super::{Asked, Identity, Output, Remote, Saving, Sockets, Sweep, SwitchFlags, Tls, TransportKind, Trust};
use crate::library::HandshakeKind;
use crate::names::parse_label;
use crate::units::{Count, parse_duration};
use crate::workload::handshake::Mix;

/// Measures TLS handshakes, client and server separately: processor time beside that of the bare cryptography
/// in the same run, heap calls, bytes on the wire, and latency. One thread drives both ends; with --threads several do so.
/// With --connect, the handshakes are with a server elsewhere: rate, times by phase, and the client's processor time.
///
/// Bare cryptography is the key exchange, the key schedule with all of its hashing, the signature, and on the client the
/// verification of the signature and of the chain. Bytes of the heap are bytes requested, not resident memory.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Handshake {
    /// All flags, as results tell them.
    #[command(flatten)]
    pub asked: Asked,

    /// Cipher suites, the same as --cipher
    #[arg(value_name = "CIPHER", value_delimiter = ',', conflicts_with = "cipher")]
    pub ciphers: Vec<String>,

    /// Cipher suites, as for throughput, each in a case of its own
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', default_value = "aes128gcm")]
    pub cipher: Vec<String>,

    /// Kinds of handshakes, separated by commas, each in a case of its own [default: full]
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<HandshakeKind>,

    /// A mix of kinds with their shares, such as full=20,resumed=80, measured as one case. Any numbers will do as shares
    #[arg(long, value_name = "SHARES", conflicts_with = "kind")]
    pub mix: Option<Mix>,

    /// How certificates are compressed (RFC 8879), by tls-engine alone: none, zlib, brotli. Commas separate cases; colons separate
    /// algorithms in order of preference, as in brotli:zlib [default: none]
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "TLS")]
    pub cert_compression: Vec<String>,

    /// Times also the phases of handshakes, up to the first byte of data at the server: of others than those of the other figures
    #[arg(long)]
    pub phases: bool,

    /// Threads that perform handshakes at once, each with clients of its own, all with the same servers and ticket keys
    #[arg(short, long, value_name = "N", default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,

    /// How long each case is timed, such as 10s; a bare number is seconds [default: 3s, unless --count is given]
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// How many handshakes each case times, such as 10k, instead of a duration
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    pub count: Option<Count>,

    /// How long each case runs before it is timed
    #[arg(short, long, value_name = "TIME", value_parser = parse_duration, default_value = "500ms")]
    pub warmup: Duration,

    /// What connects the ends; over loopback, all handshakes take place on one TCP connection
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', default_value = "memory")]
    pub transport: Vec<TransportKind>,

    /// The seed of everything random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// A word added to the names of the cases, to distinguish runs whose names would be equal
    #[arg(long, value_name = "WORD", value_parser = parse_label)]
    pub label: Option<String>,

    /// What is compared in cases of their own.
    #[command(flatten)]
    pub sweep: Sweep,
    /// A server elsewhere.
    #[command(flatten)]
    pub remote: Remote,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Which servers the client trusts.
    #[command(flatten)]
    pub trust: Trust,
    /// Who the server is.
    #[command(flatten)]
    pub identity: Identity,
    /// How sockets are set up.
    #[command(flatten)]
    pub sockets: Sockets,
    /// Where results are kept.
    #[command(flatten)]
    pub saving: Saving,
    /// Where results go.
    #[command(flatten)]
    pub output: Output,
    /// The optimizations.
    #[command(flatten)]
    pub switches: SwitchFlags,
}

impl Handshake {
    /// The cipher suites, in either way of typing them.
    pub fn suites(&self) -> &[String] {
        if self.ciphers.is_empty() { &self.cipher } else { &self.ciphers }
    }
}

const EXAMPLES: &str = "\
Examples:
  tlsbench handshake
  tlsbench handshake --cert-type ecdsa-p256,ed25519,rsa-2048
  tlsbench handshake --cert-compression none,zlib,brotli
  tlsbench handshake --groups x25519,secp256r1 --transport memory,loopback --duration 10s
  tlsbench handshake --library rustls,rustls-ring --kind full,resumed
  tlsbench handshake --kind full,hrr --groups x25519:secp256r1
  tlsbench handshake --mix full=20,resumed=80 --library tls-engine,rustls
  tlsbench handshake --kind full,resumed --phases
  tlsbench handshake --kind resumed --threads 2
  tlsbench handshake --connect server.example --mix full=20,resumed=80 --connections 50
  tlsbench handshake --connect localhost:4433 --cacert ca.pem --rate 500 --http-get /
  tlsbench handshake --arena=off --buffer-pool off --json=handshake.json";
