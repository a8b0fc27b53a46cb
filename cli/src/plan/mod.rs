//! Turns arguments into plans: resolves names, reads files and refuses contradictions. A command starts with a plan that
//! can be executed.

mod ablate;
mod baseline;
mod ciphers;
mod compare;
mod connect;
mod crypto;
mod doctor;
mod ends;
mod export;
mod files;
mod gate;
mod handshake;
mod history;
mod identities;
mod instructions;
mod key_log;
mod latency;
mod library;
mod measure;
mod output;
mod peers;
mod psk;
mod remote;
mod report;
mod results;
mod serve;
mod sweep;
mod switches;
mod throughput;
mod tls;
mod trust;

pub use ablate::Ablate;
pub use ciphers::Ciphers;
pub use compare::{Candidate, Compare, Judgement, Results};
pub use connect::Connect;
pub use crypto::Crypto;
pub use doctor::Doctor;
pub use export::{Destination, Export};
pub use gate::{Gate, Reference};
pub use handshake::{Handshake, HandshakeCase, Server};
pub use history::History;
pub use instructions::Instructions;
pub use latency::{Latency, LatencyCase, Route};
pub use library::ChosenLibrary;
pub use measure::{Measure, Measurement, Run, measurements};
pub use peers::Peers;
pub use remote::RemoteCase;
pub use report::Report;
pub use serve::{Mode, Serve};
pub use throughput::{Throughput, ThroughputCase};
pub use tls::Tls;
pub use trust::Trust;

use std::path::PathBuf;

use clap_complete::Shell;

use crate::args;
use crate::error::Error;
use crate::instructions::Job;
use crate::library::LibraryName;
use crate::net::{Family, Target};
use crate::render::Display;
use crate::request::Request;
use crate::units::Bytes;
use tls_engine::io::SocketOptions;

/// What to do.
pub enum Plan {
    /// Measure, and write the results document.
    Measure(Measure),
    /// Run a profile.
    Run(Run),
    /// Measure libraries on the same works.
    Peers(Peers),
    /// Build the program of a library.
    BuildLibrary(LibraryName),
    /// List the libraries.
    ListLibraries,
    /// Check the machine.
    Doctor(Doctor),
    /// Check a build against thresholds.
    Gate(Box<Gate>),
    /// Compare results.
    Compare(Box<Compare>),
    /// Print a shell's script.
    Completions(Shell),
    /// Print a manual page.
    Page(Option<String>),
    /// Write all manual pages to a folder.
    Pages(PathBuf),
    /// List the profiles that are built in.
    ListProfiles,
    /// Serve connections.
    Serve(Box<Serve>),
    /// Connect once.
    Connect(Box<Connect>),
    /// List what there is.
    Ciphers(Ciphers),
    /// Measure cryptography.
    Crypto(Box<Crypto>),
    /// Show several runs.
    History(History),
    /// Run as the process whose instructions are counted.
    Count(Box<Job>),
    /// Draw results.
    Report(Report),
    /// Write results in another form.
    Export(Box<Export>),
}

impl Plan {
    /// The plan of `args`.
    pub fn new(args: &args::Args) -> Result<Self, Error> {
        let display = Display { color: args.display.color, is_verbose: args.display.verbose > 0 };
        let files = files::Files::of(&args.command);
        files.check()?;
        let plan = Self::of(args, display)?;
        match &plan {
            Self::Run(run) => files.check_apart_from(&run.profile)?,
            Self::Gate(gate) => files.check_apart_from(&gate.profile)?,
            Self::Compare(compare) => {
                let (requests, _) = Request::of_document(&compare.baseline.document);
                let is_asked_again = matches!(compare.candidate, Candidate::Measured { .. });
                files.check_apart_from_requests(requests.iter().filter(|_| is_asked_again))?;
            }
            _ => {}
        }
        Ok(plan)
    }

    fn of(args: &args::Args, display: Display) -> Result<Self, Error> {
        Ok(match &args.command {
            args::Command::Throughput(typed) => {
                let output = output::kept(&typed.output, &typed.saving, display)?;
                Self::Measure(Measure { measurement: Measurement::of(&args.command)?, output })
            }
            args::Command::Handshake(typed) => {
                let output = output::kept(&typed.output, &typed.saving, display)?;
                Self::Measure(Measure { measurement: Measurement::of(&args.command)?, output })
            }
            args::Command::Latency(typed) => {
                let output = output::kept(&typed.output, &typed.saving, display)?;
                Self::Measure(Measure { measurement: Measurement::of(&args.command)?, output })
            }
            args::Command::Ablate(typed) => {
                let output = output::kept(&typed.output, &typed.saving, display)?;
                Self::Measure(Measure { measurement: Measurement::of(&args.command)?, output })
            }
            args::Command::Run(args) => match &args.profile {
                Some(name) => {
                    Self::Run(Run::new(name, args.counts_only, output::kept(&args.output, &args.saving, display)?)?)
                }
                None if args.is_kept() => {
                    return Err(Error::Usage(
                        "there are no results to write without a profile: name one, such as smoke".into(),
                    ));
                }
                None => Self::ListProfiles,
            },
            args::Command::Peers(args) if args.list => Self::ListLibraries,
            args::Command::Peers(args::Peers { build: Some(library), .. }) => Self::BuildLibrary(*library),
            args::Command::Peers(args) => Self::Peers(Peers::new(args, display)?),
            args::Command::Doctor(args) => Self::Doctor(Doctor::new(args, display)?),
            args::Command::Completions(args) => Self::Completions(args.shell),
            args::Command::Man(args) => match &args.directory {
                Some(folder) => Self::Pages(folder.clone()),
                None => Self::Page(args.page.clone()),
            },
            args::Command::Compare(args) => Self::Compare(Box::new(Compare::new(args, display)?)),
            args::Command::Gate(args) => Self::Gate(Box::new(Gate::new(args, display)?)),
            args::Command::Serve(args) => Self::Serve(Box::new(Serve::new(args)?)),
            args::Command::Connect(args) => Self::Connect(Box::new(Connect::new(args)?)),
            args::Command::Ciphers(args) => Self::Ciphers(Ciphers::new(args, display)?),
            args::Command::History(args) => Self::History(History::new(args, display)?),
            args::Command::Instructions(typed) if typed.counted => {
                Self::Count(Box::new(Instructions::only_job(typed)?))
            }
            args::Command::Instructions(typed) => {
                let output = output::kept(&typed.output, &typed.saving, display)?;
                Self::Measure(Measure { measurement: Measurement::of(&args.command)?, output })
            }
            args::Command::Report(args) => Self::Report(Report::new(args)?),
            args::Command::Export(args) => Self::Export(Box::new(Export::new(args)?)),
            args::Command::Crypto(args) => Self::Crypto(Box::new(Crypto::new(args, display)?)),
        })
    }
}

/// The default port of servers elsewhere: that of HTTPS.
const DEFAULT_PORT: u16 = 443;

/// The items of a list without duplicates, which would be two cases of the same name.
fn once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

const fn family(args: &args::Family) -> Family {
    match (args.ipv4, args.ipv6) {
        (true, _) => Family::V4,
        (_, true) => Family::V6,
        _ => Family::Any,
    }
}

fn target(text: &str, default_port: Option<u16>, args: &args::Family) -> Result<Target, Error> {
    Target::parse(text, default_port, family(args))
}

fn sockets(args: &args::Sockets) -> Result<SocketOptions, Error> {
    Ok(SocketOptions {
        no_delay: args.no_delay.is_on(),
        send_buffer_bytes: buffer("--send-buffer", args.send_buffer)?,
        receive_buffer_bytes: buffer("--receive-buffer", args.receive_buffer)?,
        timeout: None,
    })
}

/// The host with its port of an https URL, and the path if it is more than `/`.
fn without_scheme(typed: &str) -> Result<(&str, Option<&str>), Error> {
    let Some((scheme, rest)) = typed.split_once("://") else { return Ok((typed, None)) };
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(Error::Usage(format!("'{typed}': only https:// URLs are supported")));
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (address, path) = rest.split_at(end);
    Ok((address, Some(path).filter(|path| !matches!(*path, "" | "/"))))
}

/// Socket options are C integers.
fn buffer(flag: &str, size: Option<Bytes>) -> Result<Option<usize>, Error> {
    match size {
        None => Ok(None),
        Some(Bytes(bytes)) if (1..=i32::MAX as u64).contains(&bytes) => Ok(Some(bytes as usize)),
        Some(_) => Err(Error::Usage(format!("{flag} takes 1 byte to 2 GiB"))),
    }
}
