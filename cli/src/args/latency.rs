use std::time::Duration;

use super::{Asked, Family, Identity, Output, Saving, Sockets, Sweep, SwitchFlags, Tls, TransportKind, Trust};
use crate::names::parse_label;
use crate::units::{Bytes, Count, parse_duration};
use crate::workload::latency::Affinity;

/// Measures round trips over TLS: a message is sent, echoed, and compared with what was sent. Half of the round trips, 90 %, 99 %
/// and so on do not exceed the times of the table; --json has all of them as HDR histograms. Libraries take turns with each other
/// and with plain TCP over the same sockets, so that what TLS adds to a round trip is a number of one run.
///
/// A message is sealed as a whole, in as many records as it takes (up to 16 KiB in each), and sent by one write, with
/// TCP_NODELAY. Its time ends when the last byte of its echo is decrypted. With --rate, messages are due at fixed times, whether
/// others are late or not, and times are told from when each was sent and from when it was due, which corrects them for
/// coordinated omission.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Latency {
    /// All flags, as results tell them.
    #[command(flatten)]
    pub asked: Asked,

    /// Cipher suites, the same as --cipher
    #[arg(value_name = "CIPHER", value_delimiter = ',', conflicts_with = "cipher")]
    pub ciphers: Vec<String>,

    /// Cipher suites, as for throughput, each in a case of its own
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', default_value = "aes128gcm")]
    pub cipher: Vec<String>,

    /// Sizes of messages, such as 1,64,4k, up to 64 KiB
    #[arg(long, value_name = "SIZE", value_delimiter = ',', default_value = "64,4k")]
    pub size: Vec<Bytes>,

    /// How long each case is measured, such as 10s; a bare number is seconds. Plain TCP has a share in it [default: 3s, unless
    /// --count is given]
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// How many round trips each case makes, such as 10k or 1m, instead of a duration; plain TCP makes as many
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    pub count: Option<Count>,

    /// How long each case runs before it is measured
    #[arg(short, long, value_name = "TIME", value_parser = parse_duration, default_value = "500ms")]
    pub warmup: Duration,

    /// What carries the records
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', default_value = "loopback")]
    pub transport: Vec<TransportKind>,

    /// Threads that drive the two ends of a loopback connection: 1 for both, which never waits and so shows the work alone, or 2,
    /// one for each end, which wake each other
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=2))]
    pub loopback_threads: Vec<u8>,

    /// Measure against a `tlsbench serve --mode echo` in another process instead, on one connection. There is no plain TCP to
    /// hold it against. --cert and --key are then for the client
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["transport", "loopback_threads", "cert_type", "tls_version"])]
    pub connect: Option<String>,

    /// Request this page again and again on the connection (HTTP/1.1, GET), of any server: from the request to the last byte of the
    /// response
    #[arg(long, value_name = "PATH", requires = "connect", conflicts_with = "size")]
    pub http_get: Option<String>,

    /// How long an end waits for the other [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// Send so many messages per second, one after the other on the connection: each at its time, or as soon as those before it
    /// have been echoed [default: each when the one before has been echoed]
    #[arg(short = 'R', long, visible_alias = "rps", value_name = "N")]
    pub rate: Option<Count>,

    /// Ask the sockets again and again until something arrives, instead of sleeping: takes all of a processor for each thread,
    /// and no time to wake up
    #[arg(long)]
    pub busy_poll: bool,

    /// Pin the client's thread to a processor, and with a second number the thread that echoes (Linux)
    #[arg(long, value_name = "CPU[,CPU]")]
    pub affinity: Option<Affinity>,

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

impl Latency {
    /// The cipher suites, in either way of typing them.
    pub fn suites(&self) -> &[String] {
        if self.ciphers.is_empty() { &self.cipher } else { &self.ciphers }
    }
}

const EXAMPLES: &str = "\
Examples:
  tlsbench latency
  tlsbench latency --library tls-engine,rustls --loopback-threads 1
  tlsbench latency --size 1,64,1350,4k,16k --duration 10s --json=latency.json
  tlsbench latency --loopback-threads 2 --busy-poll --affinity 0,1
  tlsbench latency --loopback-threads 2 --rate 1000 --duration 30s
  tlsbench latency --transport memory --inline=off
  tlsbench latency --connect server.example:4433 --cacert ca.pem --size 64
  tlsbench latency --connect server.example:443 --http-get / --rate 100";
