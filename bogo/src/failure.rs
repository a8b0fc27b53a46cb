//! How a test ends that does not pass, and what the runner is told.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::process::ExitCode;

use tls_engine::{Error, StreamError};

/// Why a test did not run through.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The engine lacks this feature.
    Unimplemented(String),
    /// The connection failed, which is what many tests want. The runner compares the text with `ErrorMap` in config.json.
    Connection(String),
    /// A flag says that something else should have been negotiated.
    Expectation(String),
    /// The shim or the engine is at fault, whatever the runner waits for.
    Shim(String),
}

/// What the runner understands: the test failed, the feature is not there, the test failed although a failure is waited for.
const FAILED: u8 = 1;
const UNIMPLEMENTED: u8 = 89;
const MUST_NOT_FAIL: u8 = 90;

/// Where the missing features are written, a line for each test: the runner drops what such a test prints.
const UNIMPLEMENTED_LOG: &str = "BOGO_UNIMPLEMENTED";

impl Failure {
    pub(crate) fn unimplemented(feature: &str) -> Self {
        Self::Unimplemented(feature.to_owned())
    }

    /// Prints the failure, and returns the exit code for it.
    pub(crate) fn report(self) -> ExitCode {
        let (text, code) = match self {
            Self::Unimplemented(feature) => {
                if let Err(error) = log_unimplemented(&feature) {
                    eprintln!("{UNIMPLEMENTED_LOG} can't be written: {error}");
                }
                (format!("unimplemented: {feature}"), UNIMPLEMENTED)
            }
            Self::Connection(text) => (text, FAILED),
            Self::Expectation(text) | Self::Shim(text) => (text, MUST_NOT_FAIL),
        };
        eprintln!("{text}");
        ExitCode::from(code)
    }
}

/// Shims that run at the same time append to one file: a line is one write.
fn log_unimplemented(feature: &str) -> io::Result<()> {
    let Some(path) = env::var_os(UNIMPLEMENTED_LOG) else { return Ok(()) };
    OpenOptions::new().create(true).append(true).open(path)?.write_all(format!("{feature}\n").as_bytes())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Internal(_) | Error::Usage(_) | Error::Config(_) | Error::BufferTooSmall { .. } => {
                Self::Shim(error.to_string())
            }
            _ => Self::Connection(error.to_string()),
        }
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Tls(error) => error.into(),
            StreamError::Transport(error) => error.into(),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Connection(format!("transport: {error}"))
    }
}
