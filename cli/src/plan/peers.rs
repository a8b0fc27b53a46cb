use std::num::NonZero;
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use tls_engine::crypto::Provider;

use super::{Measurement, once, output};
use crate::args::{self, PeersSet, PeersWork};
use crate::error::Error;
use crate::library::LibraryName;
use crate::measure::nanoseconds_of;
use crate::peers::Program;
use crate::render::{Display, Output};
use crate::request::{Flag, Request};

/// How long a library runs before it is measured, unless it is measured for less.
const WARMUP: Duration = Duration::from_millis(300);

/// What `peers` measures: works as `throughput` and `handshake` do them, each by all libraries.
pub struct Peers {
    /// The works.
    pub measurements: Vec<Measurement>,
    /// Where results go.
    pub output: Output,
}

impl Peers {
    pub(super) fn new(args: &args::Peers, display: Display) -> Result<Self, Error> {
        if args.duration.is_zero() {
            return Err(Error::Usage("--duration must be longer than 0".into()));
        }
        let libraries = match args.library.as_slice() {
            // One that is there and broken is an error, and not left out.
            [] => LibraryName::all().filter(|library| !library.is_program() || Program::is_there(*library)).collect(),
            named => once(named.iter().copied()),
        };
        let works = match args.set {
            Some(PeersSet::RustlsReport) => rustls_report(),
            None => works(&args.work),
        };
        let measurement = |work: Request| Measurement::of_request(&with_terms(work, args, &libraries));
        Ok(Self {
            measurements: works.into_iter().map(measurement).collect::<Result<_, _>>()?,
            output: output::kept(&args.output, &args.saving, display)?,
        })
    }
}

/// A request with what all works have in common.
fn with_terms(work: Request, args: &args::Peers, libraries: &[LibraryName]) -> Request {
    let names: Vec<&str> = libraries.iter().map(|library| library.typed()).collect();
    let nanoseconds = |duration| format!("{}ns", nanoseconds_of(duration));
    work.with("transport", "memory")
        .with("library", names.join(","))
        .with("duration", nanoseconds(args.duration))
        .with("warmup", nanoseconds(args.duration.min(WARMUP)))
        .with("seed", args.seed)
}

fn request(command: &str, flags: &[(&str, &str)]) -> Request {
    let flag = |(name, value): &(&str, &str)| Flag { name: (*name).to_owned(), value: Some((*value).to_owned()) };
    Request { command: command.to_owned(), flags: flags.iter().map(flag).collect() }
}

/// The works of these names; no names stand for all.
fn works(names: &[PeersWork]) -> Vec<Request> {
    let names = if names.is_empty() { PeersWork::value_variants() } else { names };
    once(names.iter().copied()).into_iter().map(work).collect()
}

fn work(name: PeersWork) -> Request {
    match name {
        PeersWork::Bulk => transfer("aes128gcm,aes256gcm,chacha20poly1305", "16k"),
        PeersWork::Small => transfer("aes128gcm", "64"),
        PeersWork::Handshake => handshakes(),
        PeersWork::Resumed => resumed("1.3,1.2"),
        PeersWork::PostQuantum => {
            handshakes().with("groups", "x25519mlkem768").with("cert-type", "ecdsa-p256").with("swept", "groups")
        }
        PeersWork::Threads => {
            let threads = thread::available_parallelism().map_or(1, NonZero::get);
            // The label keeps its cases apart from those of one thread.
            transfer("aes128gcm", "16k").with("threads", threads).with("label", format!("threads={threads}"))
        }
    }
}

/// The engine is measured as it comes, and with every AEAD of another library that is in this build: of other libraries, too,
/// there is one for each cryptography.
fn transfer(ciphers: &str, size: &str) -> Request {
    let providers =
        ["auto", "ring", "boringssl", "openssl"].into_iter().filter(|name| Provider::by_name(name).is_some());
    request("throughput", &[("cipher", ciphers), ("size", size)])
        .with("provider", providers.collect::<Vec<_>>().join(","))
}

fn handshakes() -> Request {
    request("handshake", &[("cipher", "aes128gcm"), ("groups", "x25519"), ("cert-type", "ecdsa-p256,rsa-2048")])
}

/// Handshakes that resume sessions. The server's key is not used for them, whatever it is.
fn resumed(versions: &str) -> Request {
    let work = of_version(handshakes(), versions).with("cert-type", "ecdsa-p256");
    work.with("kind", "resumed").with("swept", "tls-version+kind")
}

/// The works of the rustls project's report.
fn rustls_report() -> Vec<Request> {
    vec![
        of_version(transfer("aes128gcm", "1m").with("provider", "auto"), "1.2"),
        of_version(transfer("aes256gcm", "1m"), "1.3"),
        of_version(handshakes(), "1.2,1.3"),
        resumed("1.2,1.3"),
    ]
}

/// The work in these versions of the protocol, which are part of its name.
fn of_version(work: Request, versions: &str) -> Request {
    work.with("tls-version", versions).with("swept", "tls-version")
}
