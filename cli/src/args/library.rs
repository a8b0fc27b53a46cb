use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Command, Error};

use crate::library::LibraryName;

/// Reads the name of a library, or the path of a program that has one.
#[derive(Clone)]
pub(super) struct LibraryParser;

impl TypedValueParser for LibraryParser {
    type Value = LibraryName;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<LibraryName, Error> {
        match value.to_str().map(str::parse) {
            Some(Ok(library)) => Ok(library),
            // The message is that for any flag with a choice of names.
            _ => names().parse_ref(command, arg, value).map(|_| LibraryName::default()),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(possible_values()))
    }
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(possible_values())
}

fn possible_values() -> impl Iterator<Item = PossibleValue> {
    LibraryName::known().map(|(name, about)| PossibleValue::new(name).help(about))
}
