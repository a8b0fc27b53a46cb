//! The two files of github-action-benchmark's tools `customBiggerIsBetter` and `customSmallerIsBetter`.

use serde::Serialize;

use super::super::document::terms;
use super::{Chosen, Exported, json};
use crate::error::Error;
use crate::schema::{Better, Document};

/// What the files are called.
pub(super) const NAMES: [&str; 2] = ["customBiggerIsBetter.json", "customSmallerIsBetter.json"];

/// A point of a chart, which it shows with `range` and `extra`.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// Both files, also where one of them is empty: an old one must not stay beside a new one.
pub(super) fn export(document: &Document, chosen: &[Chosen]) -> Result<Vec<Exported>, Error> {
    let files = [(NAMES[0], Better::Higher), (NAMES[1], Better::Lower)];
    let file = |(name, better)| {
        let of_it = chosen.iter().filter(|chosen| chosen.metric.better == better);
        let entries: Vec<Entry> = of_it.map(|chosen| entry(document, chosen)).collect();
        Ok(Exported { name, text: json(&entries)?, metrics: entries.len() })
    };
    files.into_iter().map(file).collect()
}

fn entry(document: &Document, chosen: &Chosen) -> Entry {
    Entry {
        name: chosen.full_name(),
        unit: chosen.metric.unit.clone(),
        value: chosen.metric.median,
        range: chosen.interval().map(|[low, high]| format!("{low} to {high}")),
        extra: extra(document, chosen),
    }
}

/// What a number is worth: how it was taken, on what, and what the two ends agreed on.
fn extra(document: &Document, chosen: &Chosen) -> String {
    let samples = chosen.metric.samples.len();
    let mut lines = vec![match chosen.interval() {
        None => "one sample".to_owned(),
        Some(_) if samples == 1 => "one sample of all rounds, 95 % interval".to_owned(),
        Some(_) => format!("median of {samples} samples, 95 % interval"),
    }];
    let terms = terms(chosen.case, "\n");
    lines.extend((!terms.is_empty()).then_some(terms));
    lines.extend(document.host.cpu_model.clone());
    lines.extend(document.partial.then(|| "the run was interrupted".to_owned()));
    lines.join("\n")
}
