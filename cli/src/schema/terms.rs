//! What numbers depend on besides the program: facts that two results must share to be compared, or whose difference
//! must be reported.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, Facts, Host};

/// The longest part of a value that is shown: it is repeated for every number that depends on it.
const WORD_MAX: usize = 200;

/// Requested facts that may differ. The length and the seed of a measurement do not make it another case, and an
/// implementation may be the very change that is investigated. Whether a key log was written matters, but not its path.
const FREE: [&str; 7] = ["duration_ns", "warmup_ns", "seed", "implementation", "buffer_bytes", "library", KEY_LOG];

/// The file that secrets were written to, recorded only if there was one.
const KEY_LOG: &str = "keylog_file";

/// The facts that identify a machine.
pub fn machine(host: &Host) -> Facts {
    known([
        ("cpu_model", host.cpu_model.clone().into()),
        ("cpu_flags", host.cpu_flags.join(" ").into()),
        ("logical_cpus", host.logical_cpus.into()),
        ("smt", host.smt.into()),
        ("virtualization", host.virtualization.clone().into()),
    ])
}

/// Words for the differences between what the processes were given: environment variables, and processors. Results of
/// versions that did not record processors have no such difference.
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

/// What was withheld from a process or changed for it: variables, and processors that it may not use.
pub fn restrictions(host: &Host) -> Facts {
    let mut facts: Facts = host.environment.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let usable = host.usable_cpus.filter(|usable| host.logical_cpus.is_some_and(|all| *usable < all));
    facts.extend(known([("usable_cpus", usable.into())]));
    facts
}

/// What the two ends negotiated.
pub fn negotiated(case: &Case) -> Facts {
    let negotiated = &case.negotiated;
    known([
        ("version", negotiated.version.clone().into()),
        ("cipher_suite", negotiated.cipher_suite.clone().into()),
        ("group", negotiated.group.clone().into()),
        ("signature", negotiated.signature.clone().into()),
        ("alpn", negotiated.alpn.clone().into()),
        // Shares vary a little from run to run.
        ("resumed_share", negotiated.resumed_share.map(part).into()),
        // Not every version records it.
        ("hello_retry_share", negotiated.hello_retry_share.map(part).filter(|share| *share > 0.0).into()),
        ("early_data_share", negotiated.early_data_share.map(part).into()),
        ("external_psk_share", negotiated.external_psk_share.map(part).into()),
    ])
}

/// A share as it is compared: none, all, or a part. Which part was requested, the request says.
fn part(share: f64) -> f64 {
    match share {
        ..0.02 => 0.0,
        0.98.. => 1.0,
        _ => 0.5,
    }
}

/// What was requested, without the facts that may differ.
pub fn requested(case: &Case) -> Facts {
    let fixed = case.requested.iter().filter(|(name, _)| !FREE.contains(&name.as_str()));
    fixed.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// How a quantity was measured, if the case records it: versions that measure it in another way do.
pub fn way<'a>(case: &'a Case, quantity: &str) -> Option<&'a str> {
    let fact = match quantity {
        "efficiency" | "engine_bytes_per_s" => "efficiency_of",
        name if name.starts_with("raw_aead_") || name.starts_with("raw_crypto_") => "efficiency_of",
        name if name.starts_with("cpu_") => "cpu_time_from",
        _ => return None,
    };
    case.achieved.get(fact)?.as_str()
}

/// Whether secrets were written to a file, which makes each handshake slower.
pub fn logs_keys(case: &Case) -> bool {
    case.requested.get(KEY_LOG).is_some_and(|file| !file.is_null())
}

/// Words for the differences between the `later` facts and the `earlier` ones.
pub fn differences(later: &Facts, earlier: &Facts) -> Vec<String> {
    let names = later.keys().chain(earlier.keys().filter(|name| !later.contains_key(*name)));
    let told = |facts: &Facts, name: &str| facts.get(name).map_or_else(|| "unknown".to_owned(), word);
    let different = names.filter(|name| later.get(*name) != earlier.get(*name));
    different.map(|name| format!("{name} is {}, not {}", told(later, name), told(earlier, name))).collect()
}

/// The value of a fact as people write it; the beginning of a long one.
pub fn word(value: &Value) -> String {
    let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some((end, _)) = text.char_indices().nth(WORD_MAX) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The facts that are known.
pub fn known<'a>(facts: impl IntoIterator<Item = (&'a str, Value)>) -> Facts {
    facts.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)).collect()
}
