//! Reads the steps of a trace from its file.

use std::collections::BTreeMap;

/// One of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

impl Role {
    pub(crate) fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// Values by name.
pub(crate) type Values = BTreeMap<String, Vec<u8>>;

/// One step of a trace.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) role: Role,
    pub(crate) action: String,
    /// The trace gives no values, but refers to those of the other peer.
    pub(crate) same_as_peer: bool,
    pub(crate) values: Values,
}

/// The steps of a file, in order.
pub(crate) fn parse(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some((role, action)) = line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            let role = match role {
                "client" => Role::Client,
                "server" => Role::Server,
                other => panic!("no such end: {other}"),
            };
            let same_as_peer = action.ends_with(" same");
            let action = action.trim_end_matches(" same").to_owned();
            steps.push(Step { role, action, same_as_peer, values: Values::new() });
            continue;
        }
        let values = &mut steps.last_mut().expect("values follow a step").values;
        if let Some(more) = line.strip_prefix("  ") {
            values.get_mut(&name).expect("a continued value has a name").extend(from_hex(more));
        } else {
            let (new_name, value) = line.split_once(" =").expect("name = value");
            name = new_name.to_owned();
            let previous = values.insert(name.clone(), from_hex(value.trim()));
            assert!(previous.is_none(), "{name} comes twice");
        }
    }
    for step in &steps {
        assert_eq!(step.same_as_peer, step.values.is_empty(), "{step:?}");
    }
    steps
}

fn from_hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "{text}");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal")).collect()
}
