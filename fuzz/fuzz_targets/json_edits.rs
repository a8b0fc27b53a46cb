//! Edits of JSON at random that leave it JSON. Those of single bytes hardly ever do, and get no further than the parser.

use serde_json::{Map, Number, Value, json};
use tlsbench::stats;

use crate::text_edits::edit_text;

const NUMBERS: [f64; 12] = [0.0, -0.0, 1.0, -1.0, 0.5, 5e-324, 1e-9, 1e9, 1e99, 1e100, 1e300, -1e100];

/// One edit of a document; `None` where the bytes are none.
pub(crate) fn edited(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(bytes).ok()?;
    let mut random = fastrand::Rng::with_seed(seed.into());
    let count = places(&document);
    let from = place(&mut document, &mut random.usize(..count))?.clone();
    edit(place(&mut document, &mut random.usize(..count))?, from, &mut random);
    if random.bool() {
        settle(&mut document, seed.into());
    }
    serde_json::to_vec(&document).ok()
}

fn edit(value: &mut Value, other: Value, random: &mut fastrand::Rng) {
    if random.u8(..4) == 0 {
        *value = other;
        return;
    }
    match value {
        Value::Null | Value::Bool(_) => *value = json!(random.bool()),
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or(0.0);
            let found = [float * 2.0, float / 3.0, -float, float + 1.0, NUMBERS[random.usize(..NUMBERS.len())]];
            *value = match random.usize(..=found.len()) {
                index if index < found.len() => Number::from_f64(found[index]).map_or(Value::Null, Value::Number),
                _ => random.u64(..).into(),
            };
        }
        Value::String(text) => edit_text(text, random),
        Value::Array(values) => {
            let at = random.usize(..=values.len());
            match random.u8(..3) {
                0 if at < values.len() => drop(values.remove(at)),
                1 if at < values.len() => values.swap(0, at),
                _ => values.insert(at, values.get(at).cloned().unwrap_or(other)),
            }
        }
        Value::Object(entries) => edit_entries(entries, other, random),
    }
}

fn edit_entries(entries: &mut Map<String, Value>, other: Value, random: &mut fastrand::Rng) {
    let keys: Vec<String> = entries.keys().cloned().collect();
    let mut key = if keys.is_empty() { String::new() } else { keys[random.usize(..keys.len())].clone() };
    let found = entries.remove(&key);
    if random.bool() {
        edit_text(&mut key, random);
        entries.insert(key, found.unwrap_or(other));
    }
}

/// Gives metrics the median of their samples, as one would who does not want to be found out.
fn settle(value: &mut Value, seed: u64) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| settle(value, seed)),
        Value::Object(entries) => {
            let samples = entries.get("samples").and_then(Value::as_array);
            let samples: Option<Vec<f64>> = samples.and_then(|samples| samples.iter().map(Value::as_f64).collect());
            if let Some(summary) = samples.and_then(|samples| stats::summarize(&samples, seed)) {
                entries.insert("median".to_owned(), json!(summary.median));
                entries.insert("mad".to_owned(), json!(summary.mad));
                entries.insert("ci95".to_owned(), json!(summary.ci95));
            }
            entries.values_mut().for_each(|value| settle(value, seed));
        }
        _ => {}
    }
}

/// How many values there are in it, itself among them.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(places).sum(),
        Value::Object(entries) => entries.values().map(places).sum(),
        _ => 0,
    }
}

/// The value of that number, counted down.
fn place<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|value| place(value, left)),
        Value::Object(entries) => entries.values_mut().find_map(|value| place(value, left)),
        _ => None,
    }
}
