use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;
use tls_engine::switches::Switch;

use super::{Flag, Request};
use crate::schema::{Case, Document, Facts};

/// How a fact becomes a flag's value.
#[derive(Clone, Copy)]
enum Form {
    /// As it is.
    Plain,
    /// A number of nanoseconds.
    Nanoseconds,
    /// `true` and `false` are `on` and `off`.
    OnOff,
    /// The flag is there or not.
    Bare,
}

/// The facts of a case that moved data, with the flags that ask for them. Others only explain.
const THROUGHPUT: &[(&str, &str, Form)] = &[
    ("label", "label", Form::Plain),
    ("provider", "provider", Form::Plain),
    ("cipher_suite", "cipher", Form::Plain),
    ("size_bytes", "size", Form::Plain),
    ("direction", "direction", Form::Plain),
    ("transport", "transport", Form::Plain),
    ("loopback_threads", "loopback-threads", Form::Plain),
    ("target", "connect", Form::Plain),
    ("conversations", "threads", Form::Plain),
    ("duration_ns", "duration", Form::Nanoseconds),
    ("writes", "count", Form::Plain),
    ("handshakes", "count", Form::Plain),
    ("warmup_ns", "warmup", Form::Nanoseconds),
    ("verify", "verify", Form::Plain),
    ("seed", "seed", Form::Plain),
    ("buffer_bytes", "buffer", Form::Plain),
    ("no_delay", "no-delay", Form::OnOff),
    ("send_buffer_bytes", "send-buffer", Form::Plain),
    ("receive_buffer_bytes", "receive-buffer", Form::Plain),
    ("groups", "groups", Form::Plain),
    ("alpn_offered", "alpn", Form::Plain),
    ("server_name", "sni", Form::Plain),
    ("cacert_file", "cacert", Form::Plain),
    ("cert_file", "cert", Form::Plain),
    ("key_file", "key", Form::Plain),
    ("keylog_file", "keylog", Form::Plain),
    ("insecure", "insecure", Form::Bare),
];

/// The facts of a case that shook hands: those of moving data that it has, in its own order.
const HANDSHAKE: &[(&str, &str, Form)] = THROUGHPUT;

/// The facts of a comparison of switches.
const ABLATE: &[(&str, &str, Form)] = &[
    ("workload", "workload", Form::Plain),
    ("connections", "connections", Form::Plain),
    ("switch", "switch", Form::Plain),
    ("cipher_suite", "cipher", Form::Plain),
    ("duration_ns", "duration", Form::Nanoseconds),
    ("seed", "seed", Form::Plain),
];

/// The facts of counted instructions.
const INSTRUCTIONS: &[(&str, &str, Form)] = &[
    ("work", "work", Form::Plain),
    ("cipher_suite", "cipher", Form::Plain),
    ("size_bytes", "size", Form::Plain),
    ("setting", "setting", Form::Plain),
    ("provider", "provider", Form::Plain),
];

/// A case of a document, and why it can't be asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The case's name.
    pub id: String,
    /// Why.
    pub why: String,
}

impl Request {
    /// The requests of all cases of a document, each once, in their order; and the cases that can't be asked for again.
    ///
    /// Comparisons of switches come as one request for each workload: its switches take turns.
    pub fn of_document(document: &Document) -> (Vec<Self>, Vec<Lost>) {
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
                Err(why) => lost.push(Lost { id: case.id.clone(), why }),
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

    /// The request of a case of a results document, or why it can't be asked for again.
    pub fn of_case(case: &Case) -> Result<Self, String> {
        let command = match case.requested.get("command").and_then(Value::as_str) {
            Some(command) => command,
            None => return Err("it does not tell which command measured it".to_owned()),
        };
        let known = match command {
            "throughput" => THROUGHPUT,
            "handshake" => HANDSHAKE,
            "ablate" => ABLATE,
            "instructions" => INSTRUCTIONS,
            other => return Err(format!("cases of the command {other} can't be measured again")),
        };
        let mut flags = Vec::new();
        for (fact, flag, form) in known {
            // "remote" is no transport that can be asked for: it follows from the target.
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
}

/// The provider is asked for as such; results list it among the switches too. Nothing else than a switch becomes a flag: a
/// file must not be able to ask for more.
fn switches(facts: &Facts) -> Result<Vec<Flag>, String> {
    let mut flags = Vec::new();
    for (fact, value) in facts.iter().filter(|(fact, _)| *fact != "provider") {
        let form = if value.is_boolean() { Form::OnOff } else { Form::Plain };
        let flag = fact.replace('_', "-");
        if Switch::by_name(&flag).is_none() {
            return Err(format!("{fact} is no switch"));
        }
        flags.extend(read(&flag, form, value).map_err(|()| format!("the switch {fact} has the value {value}"))?);
    }
    Ok(flags)
}

/// The flag, where there is something to ask for.
fn read(flag: &str, form: Form, value: &Value) -> Result<Option<Flag>, ()> {
    let with = |value: String| Some(Flag { name: flag.to_owned(), value: Some(value) });
    Ok(match (form, value) {
        (_, Value::Null) => None,
        (Form::Bare, Value::Bool(is_given)) => is_given.then(|| Flag { name: flag.to_owned(), value: None }),
        (Form::OnOff, Value::Bool(is_on)) => with(if *is_on { "on" } else { "off" }.to_owned()),
        (Form::Nanoseconds, Value::Number(count)) => with(format!("{}ns", count.as_u64().ok_or(())?)),
        (Form::Plain, Value::Number(count)) => with(count.as_u64().ok_or(())?.to_string()),
        (Form::Plain, Value::String(text)) => with(text.clone()),
        _ => return Err(()),
    })
}
