use super::{Ablate, Handshake, Instructions, Latency, Throughput};
use crate::args::Command;
use crate::error::Error;
use crate::profile::{Entry, Profile};
use crate::render::Output;
use crate::request::{LASTS, Request};

/// What one command measures, and where the document goes.
pub struct Measure {
    /// What is measured.
    pub measurement: Measurement,
    /// Where results go.
    pub output: Output,
}

/// What a profile measures, and where the document goes.
pub struct Run {
    /// The profile.
    pub profile: Profile,
    /// What each of its entries measures.
    pub measurements: Vec<Measurement>,
    /// Whether only counts are kept.
    pub counts_only: bool,
    /// Where results go.
    pub output: Output,
}

/// Something that is measured in one case, or in several.
pub enum Measurement {
    /// Moving data.
    Throughput(Box<Throughput>),
    /// Handshakes.
    Handshake(Box<Handshake>),
    /// Round trips.
    Latency(Box<Latency>),
    /// What each switch is worth.
    Ablate(Box<Ablate>),
    /// Instructions of the engine's own work.
    Instructions(Instructions),
}

impl Measurement {
    /// What a command measures that writes a results document.
    pub fn of(command: &Command) -> Result<Self, Error> {
        Ok(match command {
            Command::Throughput(args) => Self::Throughput(Box::new(Throughput::new(args)?)),
            Command::Handshake(args) => Self::Handshake(Box::new(Handshake::new(args)?)),
            Command::Latency(args) => Self::Latency(Box::new(Latency::new(args)?)),
            Command::Ablate(args) => Self::Ablate(Box::new(Ablate::new(args)?)),
            Command::Instructions(args) => Self::Instructions(Instructions::new(args)?),
            _ => return Err(Error::Usage("this command measures nothing that can be repeated".to_owned())),
        })
    }

    /// What a request asks for.
    pub fn of_request(request: &Request) -> Result<Self, Error> {
        Self::of(&request.args()?.command)
    }
}

impl Run {
    pub(super) fn new(name: &str, counts_only: bool, output: Output) -> Result<Self, Error> {
        let profile = find(name, counts_only)?;
        let measurements = measurements(&profile)?;
        Ok(Self { profile, measurements, counts_only, output })
    }
}

/// The profile of that name, with short cases if only counts are wanted.
pub(super) fn find(name: &str, counts_only: bool) -> Result<Profile, Error> {
    let mut profile = Profile::find(name)?;
    if counts_only {
        profile.entries.iter_mut().for_each(|entry| entry.request = entry.request.lasting(LASTS));
    }
    Ok(profile)
}

/// What the entries of a profile measure, in their order.
pub fn measurements(profile: &Profile) -> Result<Vec<Measurement>, Error> {
    let located =
        |entry: &Entry| Measurement::of_request(&entry.request).map_err(|error| locate(profile, entry, &error));
    profile.entries.iter().map(located).collect()
}

/// The error with the line of the flag that causes it, or else that of the case.
fn locate(profile: &Profile, entry: &Entry, error: &Error) -> Error {
    let wrong = entry.request.flags.iter().zip(&entry.lines).find_map(|(flag, line)| {
        let alone = Request { command: entry.request.command.clone(), flags: vec![flag.clone()] };
        // A flag that can't be parsed alone requires another one; it is not the cause.
        let args = alone.args().ok()?;
        Measurement::of(&args.command).err().map(|error| (*line, error))
    });
    let (line, message, hint) = match wrong {
        Some((line, error)) => (line, error.to_string(), error.hint()),
        None => (entry.line, error.to_string(), error.hint()),
    };
    Error::Profile { origin: profile.origin.clone(), line, message, hint }
}
