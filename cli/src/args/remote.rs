use std::net::IpAddr;
use std::time::Duration;

use super::Family;
use crate::units::{Count, parse_duration};

/// Connections to a server elsewhere, which may be anybody's.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A server elsewhere")]
pub struct Remote {
    /// Measure against this server instead, whoever made it, also as https://HOST:PORT; the default port is 443. Each handshake is on a
    /// TCP connection of its own. What the server agreed to is told beside what was asked for. --cert and --key are then for clients
    #[arg(long, value_name = "HOST[:PORT]", conflicts_with_all = ["transport", "phases", "cert_type", "tls_version"])]
    pub connect: Option<String>,

    /// Begin so many connections per second, whether others have ended or not, up to --connections at once [default: each begins
    /// when another has ended]. Times are then also told from when each was due, which corrects them for coordinated omission
    #[arg(
        short = 'R',
        long,
        visible_alias = "rps",
        value_name = "N",
        requires = "connect",
        conflicts_with = "ramp_up"
    )]
    pub rate: Option<Count>,

    /// Request this page on each connection (HTTP/1.1, GET), and wait for the whole response. As early data, with that kind
    #[arg(long, value_name = "PATH", requires = "connect")]
    pub http_get: Option<String>,

    /// The connections.
    #[command(flatten)]
    pub clients: Clients,
    /// Which addresses are used.
    #[command(flatten)]
    pub family: Family,
}

/// Connections to a server elsewhere, on event loops.
#[derive(Debug, clap::Args)]
pub struct Clients {
    /// Connections at once [default: 10]
    #[arg(long, value_name = "N", requires = "connect")]
    pub connections: Option<Count>,

    /// How long the number of connections grows to its full one, as part of the warm-up [default: 0s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "connect")]
    pub ramp_up: Option<Duration>,

    /// How long TCP, the handshake, and each part of a response may take [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "connect")]
    pub timeout: Option<Duration>,

    /// This side's addresses, separated by commas, which take turns: each has local ports of its own [default: the system's choice]
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',', requires = "connect")]
    pub bind: Vec<IpAddr>,
}

impl Clients {
    /// Whether nothing is said of them.
    pub const fn is_default(&self) -> bool {
        self.connections.is_none() && self.ramp_up.is_none() && self.timeout.is_none() && self.bind.is_empty()
    }
}

/// Requests to a server of HTTP elsewhere.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A server of HTTP/1.1 elsewhere")]
pub struct Http {
    /// Receive this page (GET) over and over from the server of --connect, whoever made it, on connections that stay open. Counts
    /// requests and the content of responses; others than 2xx are told as failures. HTTP/2 is not spoken
    #[arg(long, value_name = "PATH", requires = "connect", conflicts_with_all = ["http_post", "direction", "buffer", "size"])]
    pub http_get: Option<String>,

    /// Send content of each --size to this page (POST) over and over, likewise
    #[arg(long, value_name = "PATH", requires = "connect", conflicts_with_all = ["direction", "buffer"])]
    pub http_post: Option<String>,

    /// The connections.
    #[command(flatten)]
    pub clients: Clients,
}
