//! What the library can't do, and what failed.

use std::fmt::Display;

use tlsbench::error::Error;

use crate::name::{NAME, version};

pub(crate) fn lacks(what: &str) -> Error {
    Error::Usage(format!("{NAME} {} does not support {what}", version()))
}

pub(crate) fn failed(error: impl Display) -> Error {
    Error::Failed(format!("{NAME}: {error}"))
}
