use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Command, CommandFactory};
use toml::de::DeValue;

use super::toml_file::{Item, Source};
use crate::args::Args;
use crate::error::Error;
use crate::request::{Flag, Request, plain};

/// Flags about output, or that make no sense in a benchmark.
const NOT_OF_CASES: [&str; 9] =
    ["help", "version", "format", "json", "output", "save-baseline", "keylog", "counted", "swept"];

/// What a command's cases can say: the flags of the command line.
pub(super) struct Flags {
    command: Command,
}

impl Flags {
    /// Of a command that there is.
    pub(super) fn of(command: &str) -> Option<Self> {
        Some(Self { command: Args::command().find_subcommand(command)?.clone() })
    }

    /// Their names.
    pub(super) fn names(&self) -> Vec<&str> {
        let flags = self.command.get_arguments().filter(|arg| !arg.is_global_set());
        flags.filter_map(Arg::get_long).filter(|name| !NOT_OF_CASES.contains(name)).collect()
    }

    /// Whether there is a flag of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().contains(&name)
    }

    /// Whether two flags exclude each other.
    pub(super) fn conflict(&self, one: &str, other: &str) -> bool {
        let excludes = |one: &str, other: &str| {
            let Some(arg) = self.find(one) else { return false };
            self.command.get_arg_conflicts_with(arg).iter().any(|arg| arg.get_long() == Some(other))
        };
        excludes(one, other) || excludes(other, one)
    }

    /// The flag of a key and its value, checked as on the command line.
    pub(super) fn read(&self, source: &Source, item: &Item) -> Result<Option<Flag>, Error> {
        let Some(arg) = self.find(item.key).filter(|_| self.has(item.key)) else {
            let what = format!("key of a {} case", self.command.get_name());
            return Err(source.unknown(item.line, &what, item.key, self.names().into_iter().chain(["command"])));
        };
        let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        let value = match (takes_value, item.value) {
            (false, DeValue::Boolean(false)) => return Ok(None),
            (false, DeValue::Boolean(true)) => None,
            (false, _) => return Err(source.wrong_type(item, "true or false")),
            (true, DeValue::Array(list)) if arg.get_value_delimiter().is_some() => {
                let texts = list.iter().map(|value| text(source, item, value.get_ref()));
                Some(texts.collect::<Result<Vec<_>, _>>()?.join(","))
            }
            (true, value) => Some(text(source, item, value)?),
        };
        let flag = Flag { name: item.key.to_owned(), value };
        let alone = Request { command: self.command.get_name().to_owned(), flags: vec![flag.clone()] };
        match alone.parse() {
            Ok(_) => Ok(Some(flag)),
            // Requirements and conflicts are checked when the case is complete.
            Err(error) if matches!(error.kind(), ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict) => {
                Ok(Some(flag))
            }
            Err(error) => Err(source.error(item.line, plain(&error))),
        }
    }

    fn find(&self, name: &str) -> Option<&Arg> {
        self.command.get_arguments().find(|arg| arg.get_long() == Some(name))
    }
}

/// A value as it would be typed.
fn text(source: &Source, item: &Item, value: &DeValue) -> Result<String, Error> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Boolean(is_on) => Ok(if *is_on { "on" } else { "off" }.to_owned()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Array(_) => Err(source.wrong_type(item, "one value")),
        _ => Err(source.wrong_type(item, "a string, a number, true or false")),
    }
}
