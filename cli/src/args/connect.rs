use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;

use super::{Cryptography, Family, OwnCertificate, Sockets, SwitchFlags, Tls, Trust};
use crate::units::parse_duration;

/// How many connections may be asked for: all of them are in the document.
const REPEAT_MAX: i64 = 1_000;

/// Connects to a TLS 1.3 server, and reports on standard error what was negotiated, which certificates it shows, and how long each
/// phase took. Sends standard input, and prints the response.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Connect {
    /// The server, also as https://HOST:PORT; the default port is 443
    #[arg(value_name = "HOST[:PORT]")]
    pub target: String,

    /// Cipher suites to offer, in order of preference [default: all of the provider's]
    #[arg(short, long, value_name = "NAME", value_delimiter = ',')]
    pub cipher: Vec<String>,

    /// How long connecting and the handshake may take
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10s")]
    pub timeout: Duration,

    /// Connect once before, wait up to --linger for a ticket, and resume that session; says whether the server did
    #[arg(long)]
    pub resume: bool,

    /// Resume, and send FILE right behind the ClientHello (early data, 0-RTT), before standard input. Anyone can replay it.
    /// What the server does not accept is sent after the handshake
    #[arg(long, value_name = "FILE")]
    pub early_data: Option<PathBuf>,

    /// Offer the pre-shared keys in FILE, up to eight lines of IDENTITY:KEY with the key in hexadecimal. A server that takes none
    /// shows its certificate
    #[arg(long, value_name = "FILE")]
    pub psk: Option<PathBuf>,

    /// How long to wait for more data after standard input ends before closing the connection; the server then has as long, and at
    /// least a second, to end it
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "1s")]
    pub linger: Duration,

    /// Connect N times, one after the other, and show how the times vary and whether anything else does. Standard input goes to the
    /// last connection
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=REPEAT_MAX))]
    pub repeat: u32,

    /// Print what was found as JSON instead of the response, which is counted; --json=FILE writes it to FILE beside the response
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub json: Option<PathBuf>,

    /// The cryptography.
    #[command(flatten)]
    pub cryptography: Cryptography,
    /// What is offered in the handshake.
    #[command(flatten)]
    pub tls: Tls,
    /// Which servers to trust.
    #[command(flatten)]
    pub trust: Trust,
    /// The certificate for servers that ask for one.
    #[command(flatten)]
    pub own_certificate: OwnCertificate,
    /// Which addresses are used.
    #[command(flatten)]
    pub family: Family,
    /// How sockets are set up.
    #[command(flatten)]
    pub sockets: Sockets,
    /// The optimizations.
    #[command(flatten)]
    pub switches: SwitchFlags,
}

const EXAMPLES: &str = "\
Examples:
  echo hello | tlsbench connect localhost:4433 --cacert ca.pem
  printf 'GET / HTTP/1.0\\r\\nHost: example.com\\r\\n\\r\\n' | tlsbench connect example.com:443
  tlsbench connect example.com --resume </dev/null
  tlsbench connect example.com --repeat 10 --json=look.json </dev/null
  tlsbench connect localhost:4433 --cacert ca.pem --early-data request.txt </dev/null
  tlsbench connect localhost:4433 --psk psk.txt </dev/null
  tlsbench connect example.com --cert own.pem --key own.key </dev/null
  tlsbench connect 192.0.2.7:443 --sni www.example.com --groups p256 </dev/null";
