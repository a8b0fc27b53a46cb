use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;
use tls_engine::switches::Switch;

use super::{Flag, Request};
use crate::measure::nanoseconds_of;
use crate::names::shown;
use crate::schema::{Case, Document, Facts};
use crate::units::{Bytes, Count, parse_duration};

/// A fact of a result, and the flag that asks for it.
#[derive(Clone, Copy)]
struct Known {
    fact: &'static str,
    flag: &'static str,
    form: Form,
}

/// How a flag's value is represented as a fact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As it is.
    Text,
    /// The same, without what a terminal would obey.
    Path,
    /// A list with commas, whose items the flag separates by colons.
    Preference,
    /// As a number.
    Number,
    /// As a number of bytes.
    Bytes,
    /// The same; null without the flag.
    OptionalBytes,
    /// As a number, which may have been typed with a suffix.
    Count,
    /// As a number of nanoseconds.
    Nanoseconds,
    /// `on` and `off` are `true` and `false`.
    OnOff,
    /// Whether the flag is there.
    Bare,
    /// That the flag is there. Nothing is told without it, as by versions that did not know it.
    Given,
}

const fn known(fact: &'static str, flag: &'static str, form: Form) -> Known {
    Known { fact, flag, form }
}

/// The flags of `throughput`, `handshake` and `latency` that results contain. One line here makes a flag part of results and of
/// repeated measurements. Other facts are only informative.
const MEASUREMENT: &[Known] = &[
    known("label", "label", Form::Text),
    known("library", "library", Form::Text),
    known("provider", "provider", Form::Text),
    known("cipher_suite", "cipher", Form::Text),
    known("size_bytes", "size", Form::Bytes),
    known("direction", "direction", Form::Text),
    known("transport", "transport", Form::Text),
    known("loopback_threads", "loopback-threads", Form::Number),
    known("target", "connect", Form::Text),
    known("conversations", "threads", Form::Number),
    known("duration_ns", "duration", Form::Nanoseconds),
    known("warmup_ns", "warmup", Form::Nanoseconds),
    known("verify", "verify", Form::Text),
    known("seed", "seed", Form::Number),
    known("buffer_bytes", "buffer", Form::Bytes),
    known("no_delay", "no-delay", Form::OnOff),
    known("send_buffer_bytes", "send-buffer", Form::OptionalBytes),
    known("receive_buffer_bytes", "receive-buffer", Form::OptionalBytes),
    known("groups", "groups", Form::Preference),
    known("alpn_offered", "alpn", Form::Text),
    known("cert_type", "cert-type", Form::Text),
    known("tls_version", "tls-version", Form::Text),
    known("kind", "kind", Form::Text),
    known("mix", "mix", Form::Text),
    known("swept", "swept", Form::Text),
    known("server_name", "sni", Form::Text),
    known("cacert_file", "cacert", Form::Path),
    known("cert_file", "cert", Form::Path),
    known("key_file", "key", Form::Path),
    known("keylog_file", "keylog", Form::Path),
    known("insecure", "insecure", Form::Bare),
];
const WRITES: &[Known] = &[known("writes", "count", Form::Count)];
const HANDSHAKES: &[Known] = &[
    known("handshakes", "count", Form::Count),
    known("phases", "phases", Form::Given),
    known("cert_compression", "cert-compression", Form::Preference),
    known("rate_per_s", "rate", Form::Count),
];
/// Those for a server elsewhere.
const CLIENTS: &[Known] = &[
    known("connections", "connections", Form::Count),
    known("ramp_up_ns", "ramp-up", Form::Nanoseconds),
    known("timeout_ns", "timeout", Form::Nanoseconds),
    known("bind", "bind", Form::Text),
    known("http_get", "http-get", Form::Text),
    known("http_post", "http-post", Form::Text),
];
const ROUND_TRIPS: &[Known] = &[
    known("round_trips", "count", Form::Count),
    known("rate_per_s", "rate", Form::Count),
    known("timeout_ns", "timeout", Form::Nanoseconds),
    known("busy_poll", "busy-poll", Form::Given),
    known("affinity", "affinity", Form::Text),
    known("http_get", "http-get", Form::Text),
];

/// The flags of `ablate`.
const ABLATE: &[Known] = &[
    known("workload", "workload", Form::Text),
    known("connections", "connections", Form::Count),
    known("switch", "switch", Form::Text),
    known("cipher_suite", "cipher", Form::Text),
    known("duration_ns", "duration", Form::Nanoseconds),
    known("seed", "seed", Form::Number),
];

/// The flags of `instructions`.
const INSTRUCTIONS: &[Known] = &[
    known("work", "work", Form::Text),
    known("cipher_suite", "cipher", Form::Text),
    known("size_bytes", "size", Form::Bytes),
    known("setting", "setting", Form::Text),
    known("provider", "provider", Form::Text),
];

/// The flags for the version of IP.
const FAMILIES: [(&str, u8); 2] = [("ipv4", 4), ("ipv6", 6)];

/// The flags of a command.
fn known_of(command: &str) -> Option<[&'static [Known]; 3]> {
    Some(match command {
        "throughput" => [MEASUREMENT, WRITES, CLIENTS],
        "handshake" => [MEASUREMENT, HANDSHAKES, CLIENTS],
        "latency" => [MEASUREMENT, ROUND_TRIPS, &[]],
        "ablate" => [ABLATE, &[], &[]],
        "instructions" => [INSTRUCTIONS, &[], &[]],
        _ => return None,
    })
}

/// A case of a document that can't be measured again, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRepeatable {
    /// The case's name.
    pub id: String,
    /// Why.
    pub why: String,
}

impl Request {
    /// The requests of all cases of a document, each once, in their order; and the cases that can't be asked for again.
    ///
    /// Comparisons of switches come as one request for each workload: its switches take turns.
    pub fn of_document(document: &Document) -> (Vec<Self>, Vec<NotRepeatable>) {
        let (mut requests, mut lost) = (Vec::<Self>::new(), Vec::new());
        let mut known: HashMap<Self, usize> = HashMap::new();
        for case in &document.cases {
            match Self::of_case(case) {
                Ok(request) => match known.entry(request.without_switches()) {
                    Entry::Occupied(place) => requests[*place.get()].add_switch(&request),
                    Entry::Vacant(place) => {
                        place.insert(requests.len());
                        requests.push(request);
                    }
                },
                Err(why) => lost.push(NotRepeatable { id: case.id.clone(), why }),
            }
        }
        (requests, lost)
    }

    /// The same but for the switches that are compared: two that agree in this are one request.
    fn without_switches(&self) -> Self {
        let is_switch = |flag: &&Flag| self.command == "ablate" && flag.name == "switch";
        let flags = self.flags.iter().filter(|flag| !is_switch(flag)).cloned().collect();
        Self { command: self.command.clone(), flags }
    }

    fn add_switch(&mut self, other: &Self) {
        let of = |request: &Self| request.flags.iter().find(|flag| flag.name == "switch").cloned();
        let Some(more) = of(other) else { return };
        match self.flags.iter_mut().find(|flag| flag.name == "switch") {
            None => self.flags.push(more),
            Some(Flag { value: Some(list), .. }) => {
                let name = more.value.unwrap_or_default();
                if !list.split(',').any(|known| known == name) {
                    list.push(',');
                    list.push_str(&name);
                }
            }
            Some(_) => {}
        }
    }

    /// The request of a case of a results document, or the reason why it can't be measured again.
    pub fn of_case(case: &Case) -> Result<Self, String> {
        if let Some(reason) = &case.unavailable {
            return Err(reason.message.clone());
        }
        let Some(command) = case.requested.get("command").and_then(Value::as_str) else {
            return Err("its command is missing".to_owned());
        };
        let known =
            known_of(command).ok_or_else(|| format!("cases of the command {command} can't be measured again"))?;
        let mut flags = Vec::new();
        for Known { fact, flag, form } in known.into_iter().flatten() {
            // "remote" can't be asked for as a transport: it follows from the target.
            let is_implied = *fact == "transport" && case.requested.contains_key("target");
            if let Some(value) = case.requested.get(*fact)
                && !is_implied
            {
                flags.extend(read(flag, *form, value).map_err(|()| format!("{fact} has the value {value}"))?);
            }
        }
        if let Some(version) = case.requested.get("ip_version") {
            flags.push(Flag { name: format!("ipv{version}"), value: None });
        }
        // Comparisons and counts set them by flags of their own.
        if !matches!(command, "ablate" | "instructions") {
            flags.extend(switches(&case.switches)?);
        }
        Ok(Self { command: command.to_owned(), flags })
    }

    /// The request as a result contains it. [`of_case`](Self::of_case) is the inverse.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        facts.insert("command".into(), self.command.as_str().into());
        for Known { fact, flag, form } in known_of(&self.command).into_iter().flatten().flatten() {
            let asked = self.flags.iter().find(|asked| asked.name == *flag);
            facts.extend(tell(*form, asked).map(|value| ((*fact).to_owned(), value)));
        }
        if facts.contains_key("target") {
            facts.insert("transport".into(), "remote".into());
        }
        let asked = |name: &str| self.flags.iter().any(|flag| flag.name == name);
        if let Some((_, version)) = FAMILIES.iter().find(|(flag, _)| asked(flag)) {
            facts.insert("ip_version".into(), (*version).into());
        }
        facts
    }
}

/// The provider is asked for as such; results list it among the switches too. Nothing else than a switch becomes a flag: a
/// file must not be able to ask for more.
fn switches(facts: &Facts) -> Result<Vec<Flag>, String> {
    let mut flags = Vec::new();
    for (fact, value) in facts.iter().filter(|(fact, _)| *fact != "provider") {
        let form = if value.is_boolean() { Form::OnOff } else { Form::Text };
        let flag = fact.replace('_', "-");
        if Switch::by_name(&flag).is_none() {
            return Err(format!("{fact} is no switch"));
        }
        flags.extend(read(&flag, form, value).map_err(|()| format!("the switch {fact} has the value {value}"))?);
    }
    Ok(flags)
}

/// The flag of a fact, if it stands for one.
fn read(flag: &str, form: Form, value: &Value) -> Result<Option<Flag>, ()> {
    let with = |value: String| Some(Flag { name: flag.to_owned(), value: Some(value) });
    Ok(match (form, value) {
        (_, Value::Null) => None,
        (Form::Bare | Form::Given, Value::Bool(is_given)) => {
            is_given.then(|| Flag { name: flag.to_owned(), value: None })
        }
        (Form::OnOff, Value::Bool(is_on)) => with(if *is_on { "on" } else { "off" }.to_owned()),
        (Form::Bare | Form::Given | Form::OnOff, _) => return Err(()),
        (Form::Nanoseconds, Value::Number(count)) => with(format!("{}ns", count.as_u64().ok_or(())?)),
        (Form::Nanoseconds, _) => return Err(()),
        (Form::Preference, Value::String(list)) => with(list.replace(',', ":")),
        (_, Value::Number(count)) => with(count.as_u64().ok_or(())?.to_string()),
        (_, Value::String(text)) => with(text.clone()),
        _ => return Err(()),
    })
}

/// The fact of a flag, if there is one. Commands accept no values that fail to parse here.
fn tell(form: Form, asked: Option<&Flag>) -> Option<Value> {
    let text = match (form, asked) {
        (Form::Bare, asked) => return Some(asked.is_some().into()),
        (Form::Given, asked) => return asked.map(|_| true.into()),
        (Form::OptionalBytes, None) => return Some(Value::Null),
        (_, asked) => asked?.value.as_deref()?,
    };
    match form {
        Form::Bytes | Form::OptionalBytes => text.parse::<Bytes>().ok().map(|bytes| bytes.0.into()),
        Form::Count => text.parse::<Count>().ok().map(|count| count.0.into()),
        Form::Number => text.parse::<u64>().ok().map(Value::from),
        Form::Nanoseconds => parse_duration(text).ok().map(|duration| nanoseconds_of(duration).into()),
        Form::OnOff => Some((text == "on").into()),
        Form::Preference => Some(text.replace(':', ",").into()),
        Form::Path => Some(shown(text).into()),
        Form::Text | Form::Bare | Form::Given => Some(text.into()),
    }
}
