use serde_json::Value;

use crate::schema::{Case, Document, Facts, Metric};

/// What runs have to share to be joined.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting(Facts);

/// What was asked for and may differ: how long and how random a measurement was is no other case, and what a part runs as
/// may be the very change that is looked for.
const FREE: [&str; 5] = ["duration_ns", "warmup_ns", "seed", "implementation", "buffer_bytes"];

impl Setting {
    pub(super) fn of(document: &Document, case: &Case, metric: &Metric) -> Self {
        let mut facts = Facts::new();
        let mut add = |name: &str, value: Value| {
            if !value.is_null() {
                facts.insert(name.to_owned(), value);
            }
        };
        let host = &document.host;
        add("cpu_model", host.cpu_model.clone().into());
        add("cpu_flags", host.cpu_flags.join(" ").into());
        add("logical_cpus", host.logical_cpus.into());
        add("smt", host.smt.into());
        add("virtualization", host.virtualization.clone().into());
        add("build_profile", document.tool.build_profile.clone().into());
        let negotiated = &case.negotiated;
        add("version", negotiated.version.clone().into());
        add("cipher_suite", negotiated.cipher_suite.clone().into());
        add("group", negotiated.group.clone().into());
        add("signature", negotiated.signature.clone().into());
        add("alpn", negotiated.alpn.clone().into());
        // Shares vary a little from run to run.
        add("resumed_share", negotiated.resumed_share.map(f64::round).into());
        add("early_data_share", negotiated.early_data_share.map(f64::round).into());
        for (name, value) in &case.switches {
            add(name, value.clone());
        }
        for (name, value) in case.requested.iter().filter(|(name, _)| !FREE.contains(&name.as_str())) {
            add(name, value.clone());
        }
        add("unit", metric.unit.clone().into());
        Self(facts)
    }

    /// All of it.
    pub(super) fn facts(&self) -> Facts {
        self.0.clone()
    }

    /// In words, where it differs.
    pub(super) fn differences_from(&self, other: &Self) -> Vec<String> {
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        let word = |facts: &Facts, name: &str| facts.get(name).map_or_else(|| "unknown".to_owned(), word);
        let differences = names.filter(|name| self.0.get(*name) != other.0.get(*name));
        differences.map(|name| format!("{name} is {}, not {}", word(&self.0, name), word(&other.0, name))).collect()
    }
}

/// A fact of a run: its name, and where it is.
type Fact = (&'static str, fn(&Document, &Case) -> Option<String>);

/// Facts that may be the reason for a change.
const REASONS: [Fact; 5] = [
    ("kernel", |document, _| document.host.kernel.clone()),
    ("governor", |document, _| document.host.governor.clone()),
    ("turbo", |document, _| document.host.turbo.map(|on| on.to_string())),
    ("tlsbench", |document, _| Some(document.tool.version.clone())),
    ("implementation", |_, case| case.requested.get("implementation").map(word)),
];

/// What differs among runs that are joined, and may be the reason for a change.
pub(super) fn notes(runs: &[(&Document, &Case)]) -> Vec<String> {
    let note = |(name, fact): &Fact| {
        let value =
            |(document, case): &(&Document, &Case)| fact(document, case).unwrap_or_else(|| "unknown".to_owned());
        let mut values: Vec<String> = runs.iter().map(value).collect();
        values.dedup();
        (values.len() > 1).then(|| format!("{name} is {}", values.join(", then ")))
    };
    REASONS.iter().filter_map(note).collect()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
