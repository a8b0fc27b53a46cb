use toml::de::DeTable;

use super::flags::Flags;
use super::toml_file::{Item, Source};
use super::{COMMANDS, Entry, Profile, Threshold};
use crate::error::Error;
use crate::request::{Flag, Request};

const KEYS: [&str; 4] = ["description", "defaults", "case", "threshold"];

/// Reads a profile. Every error contains the line, and the nearest known name if one is wrong.
pub(super) fn profile(origin: &str, text: &str) -> Result<Profile, Error> {
    let source = Source { origin, text };
    let file = source.parse()?;
    let items = source.items(file.get_ref());
    if let Some(item) = items.iter().find(|item| !KEYS.contains(&item.key)) {
        return Err(source.unknown(item.line, "key of a profile", item.key, KEYS));
    }
    let find = |key: &str| items.iter().find(|item| item.key == key);
    let description = find("description").ok_or_else(|| source.error(1, "a profile needs a description"))?;
    let description = source.text_of(description)?.trim().to_owned();
    let defaults = match find("defaults") {
        None => Vec::new(),
        Some(item) => {
            let table = item.value.as_table().ok_or_else(|| source.wrong_type(item, "a table: write [defaults]"))?;
            source.items(table)
        }
    };
    check_defaults(&source, &defaults)?;
    let cases = find("case").map(|item| source.tables(item)).transpose()?.unwrap_or_default();
    if cases.is_empty() {
        return Err(source.error(1, "a profile needs a case: write [[case]]"));
    }
    let thresholds = find("threshold").map(|item| source.tables(item)).transpose()?.unwrap_or_default();
    Ok(Profile {
        origin: origin.to_owned(),
        description,
        entries: cases
            .into_iter()
            .map(|(line, table)| entry(&source, line, table, &defaults))
            .collect::<Result<_, _>>()?,
        thresholds: thresholds
            .into_iter()
            .map(|(line, table)| Threshold::read(&source, line, table))
            .collect::<Result<_, _>>()?,
    })
}

/// A default is a flag of some command.
fn check_defaults(source: &Source, defaults: &[Item]) -> Result<(), Error> {
    let commands: Vec<Flags> = COMMANDS.iter().filter_map(|command| Flags::of(command)).collect();
    for item in defaults {
        let Some(flags) = commands.iter().find(|flags| flags.has(item.key)) else {
            let mut names: Vec<&str> = commands.iter().flat_map(Flags::names).collect();
            names.sort_unstable();
            names.dedup();
            return Err(source.unknown(item.line, "default", item.key, names));
        };
        flags.read(source, item)?;
    }
    Ok(())
}

fn entry<'a>(source: &Source<'a>, line: usize, table: &'a DeTable<'a>, defaults: &[Item]) -> Result<Entry, Error> {
    let items = source.items(table);
    let command = items.iter().find(|item| item.key == "command");
    let command =
        command.ok_or_else(|| source.error(line, format!("a case needs a command: one of {}", COMMANDS.join(", "))))?;
    let name = source.text_of(command)?;
    let flags = COMMANDS.contains(&name).then(|| Flags::of(name)).flatten();
    let flags = flags.ok_or_else(|| source.unknown(command.line, "command", name, COMMANDS))?;
    let own: Vec<&Item> = items.iter().filter(|item| item.key != "command").collect();
    let is_left_to_default = |default: &&Item| {
        flags.has(default.key)
            && !own.iter().any(|item| item.key == default.key || flags.conflict(item.key, default.key))
    };
    let mut read: Vec<(Flag, usize)> = Vec::new();
    for item in defaults.iter().filter(is_left_to_default).chain(own.iter().copied()) {
        read.extend(flags.read(source, item)?.map(|flag| (flag, item.line)));
    }
    let (flags, lines) = read.into_iter().unzip();
    let request = Request { command: name.to_owned(), flags };
    request.args().map_err(|error| source.error(line, error.to_string()))?;
    Ok(Entry { request, line, lines })
}
