use std::time::Duration;

use clap::ValueEnum;

use super::{Family, Identity, Output, Saving, Sockets, SwitchFlags, Tls, Trust};
use crate::names::parse_label;
use crate::units::{Bytes, Count, parse_duration};

/// Moves data through a TLS 1.3 connection and measures each side apart: speed, processor time, copies, system calls,
/// and the share of what the raw AEAD reaches in the same run.
///
/// That share, the efficiency, is one of processor times, and never above 100 %: where it comes out so it is "not
/// measurable", with what to do about it. Where one thread drives both ends (memory, --loopback-threads 1), `total` has the
/// time of both, and is about half of each side. With --threads, throughput and raw AEAD are sums of all conversations.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Throughput {
    /// Cipher suites, with commas between them: aes128gcm, aes256gcm, chacha20poly1305, aegis128l, aegis256, their IANA
    /// names, or all
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "aes128gcm")]
    pub cipher: Vec<String>,

    /// Sizes of the application's writes, such as 64,1350,16k
    #[arg(long, value_name = "SIZE", value_delimiter = ',', default_value = "16k")]
    pub size: Vec<Bytes>,

    /// How long each case is measured: 3s where no count is given
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,

    /// How many writes each case makes, such as 10k or 1m, instead of a duration
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration")]
    pub count: Option<Count>,

    /// How long each case runs before it is measured
    #[arg(short, long, value_name = "TIME", value_parser = parse_duration, default_value = "500ms")]
    pub warmup: Duration,

    /// Which way the data goes, seen from the client
    #[arg(long, value_enum, value_name = "WAY", default_value = "send")]
    pub direction: Direction,

    /// What carries the records
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',', default_value = "loopback")]
    pub transport: Vec<Transport>,

    /// Threads that drive the two ends of a loopback connection: 2, one for each end, or 1 for both
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "2")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=2))]
    pub loopback_threads: Vec<u8>,

    /// Measure against a `tlsbench serve` elsewhere instead
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = ["transport", "loopback_threads", "cert"])]
    pub connect: Option<String>,

    /// The buffer of each end: how much is sealed, sent, received and opened at a time
    #[arg(long, value_name = "SIZE", default_value = "256k")]
    pub buffer: Bytes,

    /// Connections at once, each with threads of its own
    #[arg(short, long, value_name = "N", default_value = "1")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: u16,

    /// How much of what arrives is compared with what was sent; its length always is
    #[arg(long, value_enum, value_name = "HOW", default_value = "sample")]
    pub verify: Verify,

    /// The seed of all that is random in the measurement
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// A word at the end of the cases' names, to tell apart what differs in flags that the name does not tell
    #[arg(long, value_name = "WORD", value_parser = parse_label)]
    pub label: Option<String>,

    /// The optimizations.
    #[command(flatten)]
    pub switches: SwitchFlags,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Whom the client trusts.
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
}

/// Which way data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// From the client to the server.
    Send,
    /// From the server to the client.
    Receive,
    /// Both, each in a case of its own.
    Both,
}

/// What carries the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Transport {
    /// Buffers, without a system call.
    Memory,
    /// Two TCP sockets of this machine.
    Loopback,
}

/// How much is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    /// The first record, the last one, and one in 1,024.
    Sample,
    /// Every byte.
    All,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench throughput --cipher aes128gcm
  tlsbench throughput --cipher all --size 64,1350,16k --duration 3s
  tlsbench throughput --transport memory,loopback --loopback-threads 1,2 --zero-copy=off
  tlsbench throughput --connect server.example:4433 --cacert ca.pem --json=results.json";
