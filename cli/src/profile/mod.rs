//! Profiles: benchmarks to repeat, as commented TOML. A case has the names and values of the flags of its command, whose
//! definitions are those of the command line; thresholds say how much worse a metric may become.

mod flags;
mod read;
mod threshold;
mod toml_file;

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::request::Request;

pub use threshold::{Allowed, Threshold};

/// The profiles that are part of the program: name and text.
pub const BUILT_IN: [(&str, &str); 4] = [
    ("smoke", include_str!("../../../bench-profiles/smoke.toml")),
    ("ci", include_str!("../../../bench-profiles/ci.toml")),
    ("full", include_str!("../../../bench-profiles/full.toml")),
    ("plan", include_str!("../../../bench-profiles/plan.toml")),
];

/// The commands that a case can have.
pub const COMMANDS: [&str; 5] = ["throughput", "handshake", "latency", "ablate", "instructions"];

/// The largest file that is read, bytes.
const FILE_MAX: u64 = 1 << 20;

/// What a profile asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Where it is from: a path, or the name of one that is built in.
    pub origin: String,
    /// What it is for.
    pub description: String,
    /// What is measured, in this order.
    pub entries: Vec<Entry>,
    /// How much worse metrics may become.
    pub thresholds: Vec<Threshold>,
}

/// A `[[case]]` of a profile: one case, or one for each combination where a flag has several values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is asked for, with the profile's defaults.
    pub request: Request,
    /// Where it stands.
    pub line: usize,
    /// Where each flag of the request stands.
    pub lines: Vec<usize>,
}

impl Profile {
    /// The profile of that name, or in that file. A name with a `/` or `.toml` in it is a path.
    pub fn find(name: &str) -> Result<Self, Error> {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        match (built_in, Self::path(name)) {
            (Some((name, text)), _) => Self::read(name, text),
            (None, Some(path)) => Self::read(name, &load(path)?),
            (None, None) => Err(Error::unknown("profile", name, BUILT_IN.map(|(known, _)| known))),
        }
    }

    /// The path that a name stands for, unless it is a built-in profile.
    pub fn path(name: &str) -> Option<&Path> {
        let is_path = name.contains(['/', '\\']) || name.ends_with(".toml") || Path::new(name).exists();
        (is_path && BUILT_IN.iter().all(|(known, _)| *known != name)).then_some(Path::new(name))
    }

    /// Reads the text of a profile that is from `origin`.
    pub fn read(origin: &str, text: &str) -> Result<Self, Error> {
        read::profile(origin, text)
    }
}

fn load(path: &Path) -> Result<String, Error> {
    let bytes = files::read(path, FILE_MAX).map_err(|error| Error::read(path, error))?;
    let text = files::text(&bytes).map_err(|why| Error::read(path, io::Error::new(ErrorKind::InvalidData, why)))?;
    Ok(text.to_owned())
}
