//! What a number was taken with: what was negotiated, switched and asked for. What all cases of a section share is said once,
//! at the end of the page; what is a case's own stands in its row of the table.

use std::collections::HashMap;

use maud::{Markup, html};
use serde_json::Value;

use super::figure::DataTable;
use super::scale::quantity;
use crate::render::case_table::NOT_MEASURABLE;
use crate::schema::terms::word;
use crate::schema::{Case, Metric, Negotiated};
use crate::units::{Bytes, grouped};

/// A fact about a case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fact {
    /// Which facts it belongs to.
    group: &'static str,
    /// Its name.
    name: String,
    /// Its value, for people.
    value: String,
}

/// The groups of facts, in the order in which they are told.
const GROUPS: [&str; 3] = ["negotiated", "switches", "asked for"];

/// What cases share, and what is each one's own.
pub(super) struct Terms {
    shared: Vec<Fact>,
    own: HashMap<String, String>,
}

impl Terms {
    /// The terms of these cases.
    pub(super) fn of(cases: &[&Case]) -> Self {
        let facts: Vec<Vec<Fact>> = cases.iter().map(|case| facts(case)).collect();
        let mut counts = HashMap::new();
        for fact in facts.iter().flatten() {
            *counts.entry(fact).or_insert(0) += 1;
        }
        let is_shared = |fact: &&Fact| counts.get(fact) == Some(&cases.len());
        let own = |facts: &[Fact]| {
            let told = facts.iter().filter(|fact| !is_shared(fact)).map(|fact| format!("{} {}", fact.name, fact.value));
            told.collect::<Vec<_>>().join("; ")
        };
        Self {
            shared: facts.first().into_iter().flatten().filter(is_shared).cloned().collect(),
            own: cases.iter().zip(&facts).map(|(case, facts)| (case.id.clone(), own(facts))).collect(),
        }
    }

    /// Whether there is nothing that the cases share.
    pub(super) fn is_empty(&self) -> bool {
        self.shared.is_empty()
    }

    /// The shared facts, as a list.
    pub(super) fn markup(&self) -> Markup {
        html! {
            dl class="terms" {
                @for group in GROUPS {
                    @let facts: Vec<&Fact> = self.shared.iter().filter(|fact| fact.group == group).collect();
                    @if !facts.is_empty() {
                        div {
                            dt { (group) }
                            @for fact in facts {
                                dd { span class="fact" { (fact.name) } " " (fact.value) }
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is a case's own.
    pub(super) fn own(&self, case: &Case) -> String {
        self.own.get(&case.id).cloned().unwrap_or_default()
    }

    /// A table for numbers of cases with these terms.
    pub(super) fn table(&self) -> DataTable {
        DataTable::new(["case", "metric", "median", "95 % interval", "samples", "differs in"])
    }

    /// A row of it for what could not be measured.
    pub(super) fn reason(&self, case: &Case, name: &str) -> Option<Vec<String>> {
        case.not_measurable.get(name)?;
        let texts = [case.id.as_str(), name, NOT_MEASURABLE, "", "0"].map(str::to_owned);
        Some(texts.into_iter().chain([self.own(case)]).collect())
    }

    /// A row of it.
    pub(super) fn row(&self, case: &Case, name: &str, metric: &Metric) -> Vec<String> {
        let [low, high] = metric.ci95.map(|end| quantity(end, &metric.unit));
        vec![
            case.id.clone(),
            name.to_owned(),
            quantity(metric.median, &metric.unit),
            format!("{low} to {high}"),
            grouped(metric.samples.len() as u64),
            self.own(case),
        ]
    }
}

/// All there is to say about a number.
pub(super) fn tip(name: &str, case: &Case, metric: &Metric) -> String {
    let [low, high] = metric.ci95.map(|end| quantity(end, &metric.unit));
    let median = quantity(metric.median, &metric.unit);
    format!("{name}\n{median} ({low} to {high}), {} samples\n{}", metric.samples.len(), case.id)
}

/// A median with half of its interval.
pub(super) fn median(metric: &Metric) -> String {
    let text = quantity(metric.median, &metric.unit);
    let half = (metric.ci95[1] - metric.ci95[0]) / 2.0;
    if half == 0.0 || metric.median == 0.0 {
        return text;
    }
    if metric.unit == "ratio" {
        return format!("{text} ±{:.1}", half * 100.0);
    }
    format!("{text} ±{:.1} %", half / metric.median.abs() * 100.0)
}

fn facts(case: &Case) -> Vec<Fact> {
    let fact = |group, name: &str, value: String| Fact { group, name: name.to_owned(), value };
    let Negotiated {
        version,
        cipher_suite,
        group,
        signature,
        alpn,
        resumed_share,
        hello_retry_share,
        early_data_share,
        external_psk_share,
    } = &case.negotiated;
    let texts =
        [("version", version), ("suite", cipher_suite), ("group", group), ("signature", signature), ("ALPN", alpn)];
    let texts = texts.into_iter().filter_map(|(name, value)| Some(fact(GROUPS[0], name, value.clone()?)));
    let shares = [
        ("resumed", resumed_share),
        ("HelloRetryRequest", hello_retry_share),
        ("early data", early_data_share),
        ("external PSK", external_psk_share),
    ];
    let shares =
        shares.into_iter().filter_map(|(name, share)| Some(fact(GROUPS[0], name, quantity((*share)?, "ratio"))));
    let switches = case.switches.iter().map(|(name, value)| fact(GROUPS[1], &plain(name), switch(value)));
    let asked = case.requested.iter().filter(|(_, value)| !value.is_null());
    let asked = asked.map(|(name, value)| {
        let (name, value) = scalar(name, value);
        fact(GROUPS[2], &name, value)
    });
    texts.chain(shares).chain(switches).chain(asked).collect()
}

fn switch(value: &Value) -> String {
    match value {
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        other => word(other),
    }
}

/// A name and its value with the unit that the name carries.
pub(super) fn scalar(name: &str, value: &Value) -> (String, String) {
    if let (Some(name), Some(bytes)) = (name.strip_suffix("_bytes"), value.as_u64()) {
        return (plain(name), Bytes(bytes).to_string());
    }
    if let (Some(name), Some(nanoseconds)) = (name.strip_suffix("_ns"), value.as_f64()) {
        return (plain(name), quantity(nanoseconds, "ns"));
    }
    (plain(name), word(value))
}

/// A name without its underscores.
pub(super) fn plain(name: &str) -> String {
    name.replace('_', " ")
}
