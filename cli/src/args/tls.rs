use std::path::PathBuf;

use clap::ValueEnum;

use super::library::LibraryParser;
use crate::identity::KeyType;
use crate::library::LibraryName;

/// What is offered in the handshake.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Tls {
    /// Application protocols to offer or to accept, in order of preference
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub alpn: Vec<String>,

    /// Append the secrets of each connection to FILE, for programs that decrypt captures (`serve` and `connect` also heed
    /// SSLKEYLOGFILE)
    #[arg(long, value_name = "FILE")]
    pub keylog: Option<PathBuf>,
}

/// The cryptography of one endpoint.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Cryptography {
    /// The cryptographic provider; auto is AWS-LC, with AEGIS of RustCrypto, and its SHA-256 where the CPU
    /// has instructions for that [default: auto]
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Key exchange groups in order of preference, separated by colons or commas: x25519mlkem768, x25519, secp256r1, secp384r1,
    /// secp521r1, secp256r1mlkem768, secp384r1mlkem1024 [default: the first four]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub groups: Vec<String>,

    /// How certificates are compressed where the peer knows it, too (RFC 8879), in order of preference, separated by colons or
    /// commas: zlib, brotli [default: none]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub cert_compression: Vec<String>,
}

/// What a measurement compares: each combination is a case of its own.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Sweep {
    /// TLS libraries, separated by commas, each in a case of its own, which take turns; or the path of a program that has one.
    /// --provider and the switches are those of tls-engine
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "tls-engine", value_parser = LibraryParser)]
    pub library: Vec<LibraryName>,

    /// Cryptographic providers, separated by commas, each in a case of its own; auto is AWS-LC, with AEGIS of
    /// RustCrypto, and its SHA-256 where the CPU has instructions for that [default: auto]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub provider: Vec<String>,

    /// Key exchange groups: x25519, secp256r1, secp384r1, secp521r1, x25519mlkem768, secp256r1mlkem768,
    /// secp384r1mlkem1024. Commas separate cases; colons separate groups that are offered together in order of
    /// preference, as in x25519:secp256r1 [default: the first three together, and with --connect x25519mlkem768 before them]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub groups: Vec<String>,

    /// Key types of the generated certificate, separated by commas, each in a case of its own [default: ecdsa-p256]
    #[arg(long, value_enum, value_name = "TYPE", value_delimiter = ',', conflicts_with = "cert")]
    pub cert_type: Vec<KeyType>,

    /// Protocol versions, separated by commas, each in a case of its own: 1.3, or 1.2, which tls-engine lacks [default: 1.3]
    #[arg(long, value_name = "VERSION", value_delimiter = ',', conflicts_with = "cert", value_parser = ["1.3", "1.2"])]
    pub tls_version: Vec<String>,

    /// The flags above whose values are part of the cases' names, with plus signs between them. Where a case of a sweep is
    /// measured again alone, it keeps its name by this.
    #[arg(long, hide = true, value_name = "LIST")]
    pub swept: Option<String>,
}

/// Which servers a client trusts, and under which name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Trust {
    /// The server name to request and to verify [default: the host]
    #[arg(long, value_name = "NAME")]
    pub sni: Option<String>,

    /// Trust the authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,

    /// Accept any certificate; only the handshake's signature is verified
    #[arg(short = 'k', long, conflicts_with = "cacert")]
    pub insecure: bool,
}

/// Who a server is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Identity {
    /// The certificate chain, PEM, leaf first [default: a certificate for localhost is generated]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// Who a server is that may have several certificates.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct Identities {
    /// The certificate chain, PEM, leaf first. Given several times, each with its --key, a client is shown the first for the name that it
    /// asks for whose signature it verifies [default: a certificate for localhost is generated]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Vec<PathBuf>,

    /// The private key of the --cert in the same place, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Vec<PathBuf>,
}

/// The certificate of a client.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct OwnCertificate {
    /// The certificate chain to show to a server that asks for one, PEM, leaf first
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,

    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// Which clients a server takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct ClientTrust {
    /// Ask clients for a certificate from the authorities in this PEM file. Such a server gives no tickets, and does not ask clients
    /// with a key of --psk
    #[arg(long, value_name = "FILE")]
    pub client_ca: Option<PathBuf>,

    /// Refuse clients whose certificates are in the revocation lists (CRLs) of this file, PEM or DER. Others are taken, also where no list
    /// is for them, or one that has expired. The file is read once
    #[arg(long, value_name = "FILE", requires = "client_ca")]
    pub client_crl: Option<PathBuf>,

    /// Whether clients without a certificate are refused [default: required]
    #[arg(long, value_enum, value_name = "WHEN", requires = "client_ca")]
    pub client_auth: Option<ClientAuth>,
}

/// What is done with a client without a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClientAuth {
    /// It is refused.
    #[default]
    Required,
    /// It is taken. A certificate that is shown still has to verify.
    Optional,
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
