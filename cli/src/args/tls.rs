use std::path::PathBuf;

/// What is offered in the handshake.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// The cryptography: auto, the default, takes the fastest known part for each algorithm
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Groups for the key exchange, best first: x25519, secp256r1, secp384r1
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub groups: Vec<String>,

    /// Application protocols to offer or to take, best first
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub alpn: Vec<String>,

    /// Append the secrets of each connection to FILE, for programs that decrypt captures (in `serve` and `connect` also SSLKEYLOGFILE)
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
}

/// Whom a client trusts, and by which name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Trust {
    /// The name to ask for and to verify, where it is not the host's
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,

    /// Trust the authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,

    /// Take any certificate (the handshake's signature is verified all the same)
    #[arg(short = 'k', long, conflicts_with = "cacert")]
    pub insecure: bool,
}

/// Who a server is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Identity {
    /// The certificate chain, PEM, leaf first; without it a throw-away one for localhost is made
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// Which addresses of a name are used.
#[derive(Debug, clap::Args)]
pub struct Family {
    /// Use IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    pub ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', long)]
    pub ipv6: bool,
}
