//! What a document says that a command has printed.

use serde_json::Value;

use super::Ended;

/// The first case of a document.
#[track_caller]
pub fn case(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.output).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    document["cases"][0].clone()
}

#[track_caller]
pub fn count(case: &Value, fact: &str) -> u64 {
    case["achieved"][fact].as_u64().unwrap_or_else(|| panic!("{fact} in {case}"))
}

#[track_caller]
pub fn median(case: &Value, metric: &str) -> f64 {
    case["metrics"][metric]["median"].as_f64().unwrap_or_else(|| panic!("{metric} in {case}"))
}
