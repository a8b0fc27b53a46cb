//! The command lines that measure a document's cases again, as short as a person would type them: a sweep is one command, and
//! defaults are left out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clap::{Command, CommandFactory, ValueEnum};
use tls_engine::switches::Switch;

use crate::args::{Args, Workload};
use crate::identity::GENERATED_NAMES;
use crate::names::{self, is_hidden};
use crate::request::{Flag, Request};
use crate::schema::{Case, Document};
use crate::setting::{self, PROVIDER, Setting, find_provider};
use crate::units::{Bytes, Count, parse_duration};

/// The flags that take a list and make a case of each of its values.
const SWEEPS: [&str; 15] = [
    "size",
    "cipher",
    PROVIDER,
    "groups",
    "cert-type",
    "tls-version",
    "cert-compression",
    "kind",
    "direction",
    "loopback-threads",
    "transport",
    "work",
    "setting",
    "workload",
    "algorithm",
];

/// The command lines that measure a document's cases again, as a shell reads them.
pub(super) fn commands(document: &Document) -> Vec<String> {
    let program = Args::command();
    let (requests, _) = Request::of_document(document);
    let mut lines: Vec<Request> = requests.into_iter().chain(document.cases.iter().filter_map(crypto)).collect();
    // Without the defaults more of them are alike, and more of them together are a default.
    // What becomes a list with others stays until it has met them.
    for kept in [&["transport", PROVIDER][..], &[]] {
        lines = joined(lines).into_iter().map(|line| short(&line, &program, kept)).collect();
    }
    lines.iter().filter(|line| is_fit_to_show(line)).map(text).collect()
}

/// The line of a case of raw cryptography: such results name no command, but all that was asked of it.
fn crypto(case: &Case) -> Option<Request> {
    let text = |name: &str| Some(case.requested.get(name)?.as_str()?.to_owned());
    let number = |name: &str, unit: &str| Some(format!("{}{unit}", case.requested.get(name)?.as_u64()?));
    let flags = [
        ("algorithm", Some(text("algorithm")?)),
        ("provider", Some(text("provider")?)),
        ("size", number("size_bytes", "")),
        ("duration", number("duration_ns", "ns")),
        ("seed", number("seed", "")),
    ];
    let flags = flags.into_iter().filter(|(_, value)| value.is_some());
    let flags = flags.map(|(name, value)| Flag { name: name.to_owned(), value });
    case.id.starts_with("crypto/").then(|| Request { command: "crypto".to_owned(), flags: flags.collect() })
}

/// A file can say anything. What this program does not understand, or what does not look like what it does, is not offered.
fn is_fit_to_show(line: &Request) -> bool {
    !line.arguments().iter().any(|word| word.contains(is_hidden)) && line.parse().is_ok()
}

fn text(line: &Request) -> String {
    let program = env!("CARGO_PKG_NAME").to_owned();
    std::iter::once(program).chain(line.arguments()).map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

/// Without what is the default, but for some flags, each value as people type it.
fn short(line: &Request, program: &Command, kept: &[&str]) -> Request {
    let spelled = |flag: &Flag| Flag {
        name: flag.name.clone(),
        value: flag.value.as_deref().map(|value| spelled(&flag.name, value)),
    };
    let is_kept = |flag: &Flag| kept.contains(&flag.name.as_str()) || !is_default(line, flag, program);
    let flags = line.flags.iter().map(spelled).filter(is_kept).collect();
    Request { command: line.command.clone(), flags }
}

fn value<'a>(line: &'a Request, name: &str) -> Option<&'a str> {
    line.flags.iter().find(|flag| flag.name == name)?.value.as_deref()
}

fn is_default(line: &Request, flag: &Flag, program: &Command) -> bool {
    let Some(typed) = &flag.value else { return false };
    match flag.name.as_str() {
        "groups" => groups(line).is_some_and(|groups| groups == *typed),
        "sni" => value(line, "connect").is_none() && typed == GENERATED_NAMES[0],
        PROVIDER => line.command != "crypto" && Setting::all().is_ok_and(|all| all.provider.name == typed),
        "switch" => typed.split(',').count() == setting::names().count(),
        // All but the word for several of them.
        "workload" => typed.split(',').count() + 1 == Workload::value_variants().len(),
        name => match Switch::by_name(name) {
            Some(switch) => switch.default_value() == typed,
            None => default_of(program, &line.command, name).is_some_and(|default| default == *typed),
        },
    }
}

/// The groups that it offers by default.
fn groups(line: &Request) -> Option<String> {
    if value(line, "connect").is_none() {
        return Some(names::COMMON_GROUPS.to_owned());
    }
    let provider = match value(line, PROVIDER) {
        Some(name) => find_provider(name).ok()?,
        None => Setting::all().ok()?.provider,
    };
    let groups: Vec<String> = provider.default_groups().map(|group| names::short_group(group.name())).collect();
    Some(groups.join(":"))
}

/// What a flag is where it is not given.
fn default_of(program: &Command, command: &str, flag: &str) -> Option<String> {
    let command = program.find_subcommand(command)?;
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some(flag))?;
    let values: Vec<&str> = argument.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    (!values.is_empty()).then(|| spelled(flag, &values.join(",")))
}

/// A value as people type it.
fn spelled(flag: &str, value: &str) -> String {
    let one = |value: &str| match flag {
        "duration" | "warmup" => {
            let time = parse_duration(value).ok()?;
            Some(humantime::format_duration(time).to_string().replace(' ', ""))
        }
        "size" | "buffer" | "send-buffer" | "receive-buffer" => Some(spelled_size(value.parse().ok()?)),
        "connections" => Some(value.parse::<Count>().ok()?.0.to_string()),
        "cipher" => Some(names::short_suite(names::suite(value)?)),
        _ => None,
    };
    value.split(',').map(|value| one(value).unwrap_or_else(|| value.to_owned())).collect::<Vec<_>>().join(",")
}

fn spelled_size(Bytes(bytes): Bytes) -> String {
    match bytes {
        1.. if bytes.is_multiple_of(1 << 20) => format!("{}m", bytes >> 20),
        1.. if bytes.is_multiple_of(1 << 10) => format!("{}k", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// Fewer lines for the same cases: those that differ in one of these flags alone become one, with a list.
fn joined(mut lines: Vec<Request>) -> Vec<Request> {
    for sweep in SWEEPS {
        let (mut found, mut places) = (Vec::<Request>::new(), HashMap::<Request, usize>::new());
        for line in lines {
            // Instructions are counted of one provider.
            let value = value(&line, sweep).filter(|_| sweep != PROVIDER || line.command != "instructions");
            match value.map(|value| (places.entry(line.clone().without(sweep)), value)) {
                Some((Entry::Occupied(place), value)) => {
                    add(&mut found[*place.get()], sweep, value);
                    continue;
                }
                Some((Entry::Vacant(place), _)) => drop(place.insert(found.len())),
                None => {}
            }
            found.push(line);
        }
        lines = found;
    }
    lines
}

/// Adds a value to a flag's list.
fn add(line: &mut Request, name: &str, more: &str) {
    let flag = line.flags.iter_mut().find(|flag| flag.name == name);
    let Some(list) = flag.and_then(|flag| flag.value.as_mut()) else { return };
    if list.split(',').any(|known| known == more) {
        return;
    }
    match name {
        "direction" => "both".clone_into(list),
        _ => *list = format!("{list},{more}"),
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_=.,:/@%+".contains(letter);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Host;

    fn lines(facts: &[(&str, &str)]) -> Vec<String> {
        let mut document = Document::begin(Host::default());
        let mut case = Case::new("throughput/memory/send/aes128gcm/64");
        case.requested.extend(facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())));
        document.cases.push(case);
        commands(&document)
    }

    #[test]
    fn a_shell_reads_a_line_as_it_was_meant() {
        assert_eq!(quoted("--size=64,16k"), "--size=64,16k");
        assert_eq!(quoted("--key=it's $HOME;ls"), r"'--key=it'\''s $HOME;ls'");
        let odd = [("command", "throughput"), ("transport", "memory"), ("cacert_file", "a b;$(ls)")];
        assert_eq!(lines(&odd), ["tlsbench throughput --transport=memory '--cacert=a b;$(ls)'"]);
    }

    #[test]
    fn what_a_file_must_not_ask_for_is_not_offered() {
        for facts in [
            [("command", "throughput"), ("transport", "nowhere")],
            [("command", "throughput"), ("server_name", "a\u{202e}b")],
            [("command", "throughput"), ("server_name", "a\nb")],
            [("command", "serve"), ("transport", "memory")],
            [("kind", "aead"), ("transport", "memory")],
        ] {
            assert_eq!(lines(&facts), Vec::<String>::new(), "{facts:?}");
        }
    }
}
