//! The command lines that measure a document's cases again, as short as a person would type them: a sweep is one command, and
//! defaults are left out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use clap::{Command, CommandFactory, Parser, ValueEnum};
use tls_engine::switches::Switch;

use crate::args::{Args, Workload};
use crate::identity::GENERATED_NAMES;
use crate::names::{self, is_hidden};
use crate::request::Request;
use crate::schema::{Case, Document};
use crate::setting::{self, PROVIDER, Setting, find_provider};
use crate::units::{Bytes, Count, parse_duration};

/// The flags that take a list and make a case of each of its values.
const SWEEPS: [&str; 12] = [
    "size",
    "cipher",
    PROVIDER,
    "groups",
    "cert-type",
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
    let asked = requests.iter().map(|request| Line::of(&request.arguments()));
    let mut lines: Vec<Line> = asked.chain(document.cases.iter().filter_map(crypto)).collect();
    // Without the defaults more of them are alike, and more of them together are a default.
    // What becomes a list with others stays until it has met them.
    for kept in [&["transport", PROVIDER][..], &[]] {
        lines = joined(lines).into_iter().map(|line| line.short(&program, kept)).collect();
    }
    lines.iter().filter(|line| line.is_fit_to_show()).map(Line::text).collect()
}

/// A command with its flags.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Line {
    command: String,
    flags: Vec<Flag>,
}

/// A flag's name and value.
type Flag = (String, Option<String>);

/// The line of a case of raw cryptography: such results name no command, but all that was asked of it.
fn crypto(case: &Case) -> Option<Line> {
    let text = |name: &str| Some(case.requested.get(name)?.as_str()?.to_owned());
    let number = |name: &str, unit: &str| Some(format!("{}{unit}", case.requested.get(name)?.as_u64()?));
    let flags = [
        ("algorithm", Some(text("algorithm")?)),
        ("provider", Some(text("provider")?)),
        ("size", number("size_bytes", "")),
        ("duration", number("duration_ns", "ns")),
        ("seed", number("seed", "")),
    ];
    let flags = flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Some(value?))));
    case.id.starts_with("crypto/").then(|| Line { command: "crypto".to_owned(), flags: flags.collect() })
}

impl Line {
    /// The line of a command and its flags, each in one piece.
    fn of(arguments: &[String]) -> Self {
        let flag = |argument: &String| {
            let flag = argument.trim_start_matches('-');
            flag.split_once('=')
                .map_or_else(|| (flag.to_owned(), None), |(name, value)| (name.to_owned(), Some(value.to_owned())))
        };
        let (command, flags) =
            arguments.split_first().map_or((String::new(), &[][..]), |(command, rest)| (command.clone(), rest));
        Self { command, flags: flags.iter().map(flag).collect() }
    }

    fn words(&self) -> Vec<String> {
        let flag = |(name, value): &Flag| match value {
            Some(value) => format!("--{name}={value}"),
            None => format!("--{name}"),
        };
        [env!("CARGO_PKG_NAME").to_owned(), self.command.clone()]
            .into_iter()
            .chain(self.flags.iter().map(flag))
            .collect()
    }

    /// A file can say anything. What this program does not understand, or what does not look like what it does, is not offered.
    fn is_fit_to_show(&self) -> bool {
        let words = self.words();
        !words.iter().any(|word| word.contains(is_hidden)) && Args::try_parse_from(words).is_ok()
    }

    /// Without what is the default, but for some flags, each value as people type it.
    fn short(&self, program: &Command, kept: &[&str]) -> Self {
        let spelled = |(name, value): &Flag| (name.clone(), value.as_deref().map(|value| spelled(name, value)));
        let flags = self
            .flags
            .iter()
            .map(spelled)
            .filter(|flag| kept.contains(&flag.0.as_str()) || !self.is_default(flag, program));
        Self { command: self.command.clone(), flags: flags.collect() }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.flags.iter().find(|(known, _)| known == name)?.1.as_deref()
    }

    fn is_default(&self, (name, value): &Flag, program: &Command) -> bool {
        let Some(value) = value else { return false };
        match name.as_str() {
            "groups" => self.groups().is_some_and(|groups| groups == *value),
            "sni" => self.value("connect").is_none() && value == GENERATED_NAMES[0],
            PROVIDER => self.command != "crypto" && Setting::all().is_ok_and(|all| all.provider.name == value),
            "switch" => value.split(',').count() == setting::names().count(),
            // All but the word for several of them.
            "workload" => value.split(',').count() + 1 == Workload::value_variants().len(),
            name => match Switch::by_name(name) {
                Some(switch) => switch.default_value() == value,
                None => default_of(program, &self.command, name).is_some_and(|default| default == *value),
            },
        }
    }

    /// The groups of its provider.
    fn groups(&self) -> Option<String> {
        let provider = match self.value(PROVIDER) {
            Some(name) => find_provider(name).ok()?,
            None => Setting::all().ok()?.provider,
        };
        let groups: Vec<String> = provider.groups.iter().map(|group| names::short_group(group.name())).collect();
        Some(groups.join(":"))
    }

    fn text(&self) -> String {
        self.words().iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }
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
fn joined(mut lines: Vec<Line>) -> Vec<Line> {
    for sweep in SWEEPS {
        let (mut found, mut places) = (Vec::<Line>::new(), HashMap::<Line, usize>::new());
        for line in lines {
            // Instructions are counted of one provider.
            let value = line.value(sweep).filter(|_| sweep != PROVIDER || line.command != "instructions");
            match value.map(|value| (places.entry(line.without(sweep)), value)) {
                Some((Entry::Occupied(place), value)) => {
                    found[*place.get()].add(sweep, value);
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

impl Line {
    fn without(&self, flag: &str) -> Self {
        let flags = self.flags.iter().filter(|(name, _)| name != flag).cloned();
        Self { command: self.command.clone(), flags: flags.collect() }
    }

    /// Adds a value to a flag's list.
    fn add(&mut self, flag: &str, more: &str) {
        let Some((_, Some(list))) = self.flags.iter_mut().find(|(name, _)| name == flag) else { return };
        if list.split(',').any(|known| known == more) {
            return;
        }
        match flag {
            "direction" => "both".clone_into(list),
            _ => *list = format!("{list},{more}"),
        }
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
