use std::time::Duration;

use clap::ValueEnum;

use super::{Asked, Family, Http, Identity, Output, Saving, Sockets, Sweep, SwitchFlags, Tls, Trust};
use crate::names::parse_label;
use crate::units::{Bytes, Count, parse_duration};
use crate::workload::{Direction, Verify};

/// Moves data through a TLS 1.3 connection and measures each side separately: speed, processor time, copies, system calls,
/// and efficiency.
///
/// Efficiency is the share of the raw AEAD's speed that a side reaches, in processor time of the same run. It cannot exceed
/// 100 %; a result above that is reported as "not measurable", with what to do about it. Where one thread drives both ends
/// (memory, --loopback-threads 1), `total` contains the time of both and is about half of each side. With --threads,
/// throughput and raw AEAD are sums over all connections.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Throughput {
    /// All flags, as results tell them.
    #[command(flatten)]
    pub asked: Asked,

    /// Cipher suites, the same as --cipher
    #[arg(value_name = "CIPHER", value_delimiter = ',', conflicts_with = "cipher")]
    pub ciphers: Vec<String>,

    /// Cipher suites, separated by commas: aes128gcm, aes256gcm, chacha20poly1305, aegis128l, aegis256, their IANA
    /// names, or all
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', default_value = "aes128gcm")]
    pub cipher: Vec<String>,

    /// Sizes of the application's writes, such as 64,1350,16k
    #[arg(long, value_name = "SIZE", value_delimiter = ',', default_value = "16k")]
    pub size: Vec<Bytes>,

    /// How long each case is measured, such as 10s; a bare number is seconds [default: 3s, unless --count is given]
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// How many writes each case makes, such as 10k or 1m, instead of a duration
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    pub count: Option<Count>,

    /// How long each case runs before it is measured
    #[arg(short, long, value_name = "TIME", value_parser = parse_duration, default_value = "500ms")]
    pub warmup: Duration,

    /// The direction of the data, seen from the client
    #[arg(long, value_enum, value_name = "DIRECTION", default_value = "send")]
    pub direction: Directions,

    /// What carries the records
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', default_value = "loopback")]
    pub transport: Vec<TransportKind>,

    /// Threads that drive the two ends of a loopback connection: 2, one for each end, or 1 for both
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "2")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=2))]
    pub loopback_threads: Vec<u8>,

    /// Measure against a `tlsbench serve` in another process instead; with --http-get or --http-post against any server, also as
    /// https://HOST:PORT, whose default port is 443 then. --cert and --key are for clients then
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with_all = ["transport", "loopback_threads", "cert_type", "tls_version"])]
    pub connect: Option<String>,

    /// The size of each end's buffer: how much is sealed, sent, received and opened at a time
    #[arg(long, value_name = "SIZE", default_value = "256k")]
    pub buffer: Bytes,

    /// Concurrent connections, each with its own threads; with --http-get and --http-post threads that share --connections
    #[arg(short, long, value_name = "N", default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,

    /// How much of the received data is compared with what was sent; its length is always checked. With --http-get and --http-post, how many
    /// responses are compared with the first: one in 1,024, or all
    #[arg(long, value_enum, value_name = "HOW", default_value = "sample")]
    pub verify: Verify,

    /// The seed of everything random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// A word added to the names of the cases, to distinguish runs whose names would be equal
    #[arg(long, value_name = "WORD", value_parser = parse_label)]
    pub label: Option<String>,

    /// What is compared in cases of their own.
    #[command(flatten)]
    pub sweep: Sweep,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Which servers the client trusts.
    #[command(flatten)]
    pub trust: Trust,
    /// Who the server is.
    #[command(flatten)]
    pub identity: Identity,
    /// Requests to a server of HTTP.
    #[command(flatten)]
    pub http: Http,
    /// Which addresses are used.
    #[command(flatten)]
    pub family: Family,
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

impl Throughput {
    /// The cipher suites, in either way of typing them.
    pub fn suites(&self) -> &[String] {
        if self.ciphers.is_empty() { &self.cipher } else { &self.ciphers }
    }
}

/// The directions in which data is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Directions {
    /// From the client to the server.
    Send,
    /// From the server to the client.
    Receive,
    /// Both, each in a case of its own.
    Both,
}

impl Directions {
    /// Each of them.
    pub const fn each(self) -> &'static [Direction] {
        match self {
            Self::Send => &[Direction::Send],
            Self::Receive => &[Direction::Receive],
            Self::Both => &[Direction::Send, Direction::Receive],
        }
    }
}

/// What carries the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransportKind {
    /// Buffers, without a system call.
    Memory,
    /// Two TCP sockets of this machine.
    Loopback,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench throughput aes128gcm,chacha20poly1305
  tlsbench throughput all --size 64,1350,16k --duration 3s
  tlsbench throughput --provider auto,rustcrypto --transport memory
  tlsbench throughput --library tls-engine,rustls --transport memory
  tlsbench throughput --transport memory,loopback --loopback-threads 1,2 --zero-copy=off
  tlsbench throughput --connect server.example:4433 --cacert ca.pem --json=results.json
  tlsbench throughput --connect https://server.example --http-get /file --connections 50
  tlsbench throughput --connect server.example:443 --http-post /upload --size 1m";
