//! What cases were taken with, where that is not the default.

use serde_json::{Value, json};

use crate::schema::{Case, Facts};
use crate::setting::Setting;

/// What `throughput` and `handshake` are asked for where nothing is said, as far as it matters for a result and is told
/// nowhere else. A test of `plan` holds it to what they do.
pub fn usual() -> Facts {
    let facts = [
        ("buffer_bytes", json!(262_144)),
        ("cert_type", json!("ecdsa-p256")),
        ("conversations", json!(1)),
        ("groups", json!("x25519,secp256r1,secp384r1")),
        ("insecure", json!(false)),
        ("no_delay", json!(true)),
        ("kind", json!("full")),
        ("receive_buffer_bytes", Value::Null),
        ("send_buffer_bytes", Value::Null),
        ("server_name", json!("localhost")),
        ("tls_version", json!("1.3")),
        ("verify", json!("sample")),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What all of these cases agree on and is not the default: switches, and what was asked for.
pub(super) fn unusual(cases: &[&Case]) -> Option<String> {
    // Counted instructions have a provider of their own, which nobody chose.
    if cases.first().is_some_and(|case| case.command() == "instructions") {
        return None;
    }
    let switches = differing(cases, &Setting::all().ok()?.facts(), |case| &case.switches);
    let requested = differing(cases, &usual(), |case| &case.requested);
    let told: Vec<String> = switches.into_iter().chain(requested).collect();
    (!told.is_empty()).then(|| format!("Not the default: {}.", told.join(", ")))
}

fn differing<'a>(cases: &[&'a Case], usual: &Facts, facts: impl Fn(&'a Case) -> &'a Facts) -> Vec<String> {
    let Some(first) = cases.first() else { return Vec::new() };
    let is_unusual = |(name, value): &(&String, &Value)| {
        usual.get(*name).is_some_and(|usual| usual != *value)
            && cases.iter().all(|case| facts(case).get(*name) == Some(value))
    };
    facts(first).iter().filter(is_unusual).map(|(name, value)| switch(flag(name), value)).collect()
}

/// The flag of a fact, where it has another name.
fn flag(name: &str) -> &str {
    match name {
        "buffer_bytes" => "buffer",
        "conversations" => "threads",
        "receive_buffer_bytes" => "receive-buffer",
        "send_buffer_bytes" => "send-buffer",
        "server_name" => "sni",
        other => other,
    }
}

/// As it is typed, such as `zero-copy=off`.
pub(super) fn switch(name: &str, value: &Value) -> String {
    let value = match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{}={value}", name.replace('_', "-"))
}
