//! A measurement as it is asked for: a command with its flags. Results contain the request of each case as facts, from which it
//! is read back to measure the same cases again.

mod facts;

pub use crate::args::Flag;
pub use facts::NotRepeatable;

use std::fmt::Display;
use std::time::Duration;

use clap::Parser;

use crate::args::{Args, Asked};
use crate::error::Error;
use crate::units::parse_duration;

/// A command with its flags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// The command, such as `throughput`.
    pub command: String,
    /// Its flags, in the order in which they are given.
    pub flags: Vec<Flag>,
}

/// How long a case lasts that is only measured for its counts, or repeatedly.
pub const LASTS: Duration = Duration::from_millis(200);
/// How long before it is measured.
const WARMS_UP: Duration = Duration::from_millis(50);

impl Request {
    /// What a command was asked for.
    pub fn new(command: &str, asked: &Asked) -> Self {
        Self { command: command.to_owned(), flags: asked.0.clone() }
    }

    /// The same with this value of a flag instead of any other.
    #[must_use]
    pub fn with(self, flag: &str, value: impl Display) -> Self {
        let mut request = self.without(flag);
        request.flags.push(Flag { name: flag.to_owned(), value: Some(format!("{value}")) });
        request
    }

    /// The same without a flag.
    #[must_use]
    pub fn without(mut self, flag: &str) -> Self {
        self.flags.retain(|known| known.name != flag);
        self
    }

    /// The same, but for so long: however long or often it was asked for.
    pub fn lasting(&self, duration: Duration) -> Self {
        let limits: &[(&str, Duration)] = match self.command.as_str() {
            "throughput" | "handshake" | "latency" => &[("duration", duration), ("warmup", WARMS_UP)],
            "ablate" => &[("duration", duration)],
            _ => &[],
        };
        let is_free = |flag: &&Flag| {
            limits.is_empty() || (flag.name != "count" && limits.iter().all(|(name, _)| flag.name != *name))
        };
        let limit = |(name, time): &(&str, Duration)| Flag {
            name: (*name).to_owned(),
            value: Some(format!("{}ns", time.as_nanos())),
        };
        let flags = self.flags.iter().filter(is_free).cloned().chain(limits.iter().map(limit)).collect();
        Self { command: self.command.clone(), flags }
    }

    /// The flag that names a server or a file, if any. Results of unknown origin must not cause connections or reads.
    pub fn named_elsewhere(&self) -> Option<String> {
        const REACHING: [&str; 5] = ["connect", "cacert", "cert", "key", "keylog"];
        let flag = self.flags.iter().find(|flag| REACHING.contains(&flag.name.as_str()))?;
        Some(format!("--{}={}", flag.name, flag.value.as_deref().unwrap_or_default()))
    }

    /// The duration, if there is one.
    pub fn duration(&self) -> Option<Duration> {
        let flag = self.flags.iter().find(|flag| flag.name == "duration")?;
        parse_duration(flag.value.as_deref()?).ok()
    }

    /// The command and its flags, as they follow the name of the program on a command line.
    pub fn arguments(&self) -> Vec<String> {
        let flags = self.flags.iter().map(|flag| match &flag.value {
            Some(value) => format!("--{}={value}", flag.name),
            None => format!("--{}", flag.name),
        });
        std::iter::once(self.command.clone()).chain(flags).collect()
    }

    /// The same as arguments of this program. What it does not know, or can't read, is an error.
    pub fn args(&self) -> Result<Args, Error> {
        self.parse().map_err(|error| Error::Usage(plain(&error)))
    }

    /// The same, with an error that can be asked for its kind.
    pub fn parse(&self) -> Result<Args, clap::Error> {
        let program = env!("CARGO_PKG_NAME").to_owned();
        Args::try_parse_from(std::iter::once(program).chain(self.arguments()))
    }
}

/// What clap has to say, without the usage that it adds for people at a terminal, in one line.
pub fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let said =
        text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    said.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
