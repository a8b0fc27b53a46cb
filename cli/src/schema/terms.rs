//! What numbers depend on besides the program: facts that two results have to share to be compared, or whose difference has
//! to be told.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, Facts, Host};

/// Letters of a value that are told: it is said of every number that depends on it.
const WORD_MAX: usize = 200;

/// What was asked for and may differ: how long and how random a measurement was is no other case, and what a part runs as
/// may be the very change that is looked for. That a key log was written is another, and not where.
const FREE: [&str; 6] = ["duration_ns", "warmup_ns", "seed", "implementation", "buffer_bytes", KEY_LOG];

/// The file that secrets were written to, told where they were.
const KEY_LOG: &str = "keylog_file";

/// What makes a machine another one.
pub fn machine(host: &Host) -> Facts {
    known([
        ("cpu_model", host.cpu_model.clone().into()),
        ("cpu_flags", host.cpu_flags.join(" ").into()),
        ("logical_cpus", host.logical_cpus.into()),
        ("smt", host.smt.into()),
        ("virtualization", host.virtualization.clone().into()),
    ])
}

/// In words, where what a process was given differs: variables of its environment, and processors. Results of versions that
/// did not look at processors tell nothing of them.
pub fn surroundings(later: &Host, earlier: &Host) -> Vec<String> {
    let names: BTreeSet<&String> = later.environment.keys().chain(earlier.environment.keys()).collect();
    let told = |host: &Host, name: &String| {
        host.environment.get(name).map_or_else(|| "unset".to_owned(), |value| format!("'{value}'"))
    };
    let different = names.into_iter().filter(|name| later.environment.get(*name) != earlier.environment.get(*name));
    let mut all: Vec<String> =
        different.map(|name| format!("{name} is {}, not {}", told(later, name), told(earlier, name))).collect();
    if let (Some(now), Some(then)) = (later.usable_cpus, earlier.usable_cpus)
        && now != then
    {
        all.push(format!("usable_cpus is {now}, not {then}"));
    }
    all
}

/// What was taken away from a machine or changed on it for a process: variables, and processors that it may not use.
pub fn restrictions(host: &Host) -> Facts {
    let mut facts: Facts = host.environment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let usable = host.usable_cpus.filter(|usable| host.logical_cpus.is_some_and(|all| *usable < all));
    facts.extend(known([("usable_cpus", usable.into())]));
    facts
}

/// What the two ends agreed on.
pub fn negotiated(case: &Case) -> Facts {
    let negotiated = &case.negotiated;
    known([
        ("version", negotiated.version.clone().into()),
        ("cipher_suite", negotiated.cipher_suite.clone().into()),
        ("group", negotiated.group.clone().into()),
        ("signature", negotiated.signature.clone().into()),
        ("alpn", negotiated.alpn.clone().into()),
        // Shares vary a little from run to run.
        ("resumed_share", negotiated.resumed_share.map(f64::round).into()),
        ("early_data_share", negotiated.early_data_share.map(f64::round).into()),
    ])
}

/// What was asked for, without what may differ.
pub fn requested(case: &Case) -> Facts {
    let fixed = case.requested.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
    fixed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How a quantity was measured, where a case tells of it: versions that measure it in another way tell so.
pub fn way<'a>(case: &'a Case, quantity: &str) -> Option<&'a str> {
    let fact = match quantity {
        "efficiency" | "engine_bytes_per_s" => "efficiency_of",
        name if name.starts_with("raw_aead_") || name.starts_with("raw_crypto_") => "efficiency_of",
        name if name.starts_with("cpu_") => "cpu_time_from",
        _ => return None,
    };
    case.achieved.get(fact)?.as_str()
}

/// Whether secrets were written to a file, which costs each handshake.
pub fn logs_keys(case: &Case) -> bool {
    case.requested.get(KEY_LOG).is_some_and(|file| !file.is_null())
}

/// In words, where the `later` facts are not the `earlier` ones.
pub fn differences(later: &Facts, earlier: &Facts) -> Vec<String> {
    let names = later.keys().chain(earlier.keys().filter(|name| !later.contains_key(*name)));
    let told = |facts: &Facts, name: &str| facts.get(name).map_or_else(|| "unknown".to_owned(), word);
    let different = names.filter(|name| later.get(*name) != earlier.get(*name));
    different.map(|name| format!("{name} is {}, not {}", told(later, name), told(earlier, name))).collect()
}

/// A fact's value as people write it; of a long one, its beginning.
pub fn word(value: &Value) -> String {
    let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some((end, _)) = text.char_indices().nth(WORD_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Those of the facts that are known.
pub fn known<'a>(facts: impl IntoIterator<Item = (&'a str, Value)>) -> Facts {
    facts.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}
