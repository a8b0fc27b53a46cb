//! Charts of raw cryptography: curves over sizes, dots where there are none, and what the others reach of `auto`.

use maud::{Markup, html};

use super::facts::{Terms, tip};
use super::figure::{Figure, KeyEntry};
use super::lines::{LineChart, Point, Series, size_place};
use super::rows::{Form, Mark, Reference, Row, RowChart};
use super::scale::quantity;
use super::section::Section;
use crate::render::groups::{grouped, in_order};
use crate::schema::quantity::{OPERATIONS_PER_S, SHARE_OF_AUTO, THROUGHPUT_BYTES_PER_S};
use crate::schema::{Case, Metric, Side, key};
use crate::units::Bytes;

/// The charts of cases of raw cryptography.
pub(super) fn sections(cases: &[&Case]) -> Vec<Section> {
    let providers = in_order(cases.iter().map(|case| fact(case, "provider")));
    let kinds = [("aead", "Raw AEADs"), ("hash", "Raw hashes")];
    let sized = kinds.into_iter().map(|(kind, title)| {
        let cases = of_kind(cases, &[kind]);
        section(kind, title, &cases, by_operation(&cases, &providers))
    });
    let operations = of_kind(cases, &["group", "signature"]);
    let range = rates(&operations);
    let figures = ["group", "signature"].map(|kind| dots(kind, &of_kind(cases, &[kind]), &providers, &range));
    let operations = section("operations", "Raw key exchanges and signatures", &operations, panels(&figures));
    let compared: Vec<&Case> = cases.iter().copied().filter(|case| share(case).is_some()).collect();
    let shares = section("auto", "Does auto take the fastest?", &compared, panels(&[shares(&compared, &providers)]));
    sized.chain([operations, shares]).flatten().collect()
}

/// The anchor of the section about these.
pub(super) fn anchor(what: &str) -> String {
    format!("crypto-{what}")
}

/// The section, where it has cases.
fn section(what: &str, title: &str, cases: &[&Case], charts: Markup) -> Option<Section> {
    (!cases.is_empty()).then(|| Section {
        title: title.to_owned(),
        anchor: anchor(what),
        reading: None,
        terms: Terms::of(cases),
        charts,
    })
}

fn panels(figures: &[Option<Figure>]) -> Markup {
    html! { div class="panels" { @for figure in figures.iter().flatten() { (figure.markup()) } } }
}

fn of_kind<'a>(cases: &[&'a Case], kinds: &[&str]) -> Vec<&'a Case> {
    let all = kinds.iter().flat_map(|kind| cases.iter().copied().filter(move |case| fact(case, "kind") == *kind));
    all.collect()
}

/// A row of charts for each operation. The first is open: the others are much like it.
fn by_operation(cases: &[&Case], providers: &[String]) -> Markup {
    let operations = grouped(cases.iter().map(|case| (fact(case, "operation"), *case)));
    let fastest = cases.iter().filter_map(|case| speed(case)).map(|metric| metric.median).fold(0.0, f64::max);
    let slowest = cases.iter().filter_map(|case| speed(case)).map(|metric| metric.median).fold(fastest, f64::min);
    html! {
        @for (index, (operation, cases)) in operations.iter().enumerate() {
            details class="fold" open[index == 0] {
                summary { (operation) }
                div class="panels three" {
                    @for (algorithm, cases) in grouped(cases.iter().map(|case| (fact(case, "algorithm"), *case))) {
                        (curves(&algorithm, operation, &cases, providers, [slowest, fastest]).markup())
                    }
                }
            }
        }
    }
}

fn curves(algorithm: &str, operation: &str, cases: &[&Case], providers: &[String], ends: [f64; 2]) -> Figure {
    let terms = Terms::of(cases);
    let mut table = terms.table();
    let mut sizes = in_order(cases.iter().map(|case| size(case)));
    sizes.sort_unstable();
    let mut series = Vec::new();
    let mut entries = Vec::new();
    for (style, provider) in providers.iter().enumerate() {
        let mut own: Vec<&Case> = cases.iter().copied().filter(|case| fact(case, "provider") == *provider).collect();
        own.sort_by_key(|case| size(case));
        let mut points = Vec::new();
        for case in &own {
            let Some(metric) = speed(case) else { continue };
            table.rows.push(terms.row(case, &key(Side::Total, &THROUGHPUT_BYTES_PER_S), metric));
            let tip = tip(&format!("{algorithm} of {provider}, {}", Bytes(size(case))), case, metric);
            points.push(Point {
                size: size_place(size(case)),
                value: metric.median,
                interval: metric.ci95,
                tip: Some(tip),
            });
        }
        let Some(last) = points.last() else { continue };
        let auto = if own.iter().any(|case| is_auto(case)) { " (auto)" } else { "" };
        let value = quantity(last.value, THROUGHPUT_BYTES_PER_S.unit);
        entries.push(KeyEntry { style, is_line: true, name: format!("{provider}{auto}"), value });
        series.push(Series { name: provider.clone(), style, points });
    }
    let label = format!("{algorithm}, {operation}: speed over size, by provider");
    let chart = LineChart {
        label: &label,
        unit: THROUGHPUT_BYTES_PER_S.unit,
        range: ends.to_vec(),
        is_log: true,
        limit: None,
        sizes: sizes.iter().map(|size| (size_place(*size), Bytes(*size).to_string())).collect(),
        series: &series,
    };
    let implementations = in_order(cases.iter().map(|case| fact(case, "implementation"))).join(" · ");
    Figure {
        title: format!("{algorithm}, {operation}"),
        reading: implementations,
        key: entries,
        drawing: chart.markup(),
        table,
        is_wide: false,
    }
}

/// A row for each algorithm and operation, a dot for each provider.
fn dots(kind: &str, cases: &[&Case], providers: &[String], range: &[f64]) -> Option<Figure> {
    let terms = Terms::of(cases);
    let mut table = terms.table();
    let mut rows = Vec::new();
    let name = |case: &Case| (fact(case, "algorithm"), fact(case, "operation"));
    for (name, own) in grouped(cases.iter().map(|case| (name(case), *case))) {
        let mut marks = Vec::new();
        for case in own {
            let Some(metric) = case.metric(Side::Total, &OPERATIONS_PER_S) else { continue };
            table.rows.push(terms.row(case, &key(Side::Total, &OPERATIONS_PER_S), metric));
            marks.push(mark(case, metric, providers));
        }
        let best = marks.iter().map(|mark| mark.value).fold(0.0, f64::max);
        let name = if kind == "group" { name.0 } else { format!("{}, {}", name.0, name.1) };
        rows.push(Row { name, value: quantity(best, OPERATIONS_PER_S.unit), marks, reference: None });
    }
    if table.rows.is_empty() {
        return None;
    }
    rows.retain(|row| !row.marks.is_empty());
    rows.sort_by(|a, b| best(b).total_cmp(&best(a)));
    let title = if kind == "group" { "Key exchanges per second" } else { "Signatures per second" };
    Some(Figure {
        title: title.to_owned(),
        reading: "Each dot is a provider, and the number is the fastest one's; more is better.".to_owned(),
        key: key_of(providers, cases),
        drawing: RowChart { unit: OPERATIONS_PER_S.unit, form: Form::Dots, range: range.to_vec(), rows }.markup(),
        table,
        is_wide: false,
    })
}

fn best(row: &Row) -> f64 {
    row.marks.iter().map(|mark| mark.value).fold(0.0, f64::max)
}

/// A row for each algorithm: what other providers reach of what `auto` takes, a dot for each operation and size.
fn shares(compared: &[&Case], providers: &[String]) -> Option<Figure> {
    let terms = Terms::of(compared);
    let mut table = terms.table();
    let mut rows = Vec::new();
    for (algorithm, own) in grouped(compared.iter().map(|case| (fact(case, "algorithm"), *case))) {
        let mut marks = Vec::new();
        for case in own {
            let Some(metric) = share(case) else { continue };
            table.rows.push(terms.row(case, &key(Side::Total, &SHARE_OF_AUTO), metric));
            marks.push(mark(case, metric, providers));
        }
        let values = || marks.iter().map(|mark| mark.value);
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        let value = if marks.len() > 1 {
            format!("{} to {}", quantity(least, "ratio"), quantity(most, "ratio"))
        } else {
            quantity(most, "ratio")
        };
        let reference = Some(Reference { value: 1.0, tip: "what auto takes".to_owned() });
        rows.push(Row { name: algorithm, value, marks, reference });
    }
    (!rows.is_empty()).then(|| Figure {
        title: "Speed of other providers, as a share of what auto takes".to_owned(),
        reading: "Each dot is an operation at a size. Left of the line auto is faster, right of it the other provider."
            .to_owned(),
        key: key_of(providers, compared),
        drawing: RowChart { unit: SHARE_OF_AUTO.unit, form: Form::Dots, range: Vec::new(), rows }.markup(),
        table,
        is_wide: true,
    })
}

fn mark(case: &Case, metric: &Metric, providers: &[String]) -> Mark {
    let provider = fact(case, "provider");
    let names = [provider.as_str(), &fact(case, "operation"), &fact(case, "implementation")].join(", ");
    Mark {
        style: providers.iter().position(|known| *known == provider).unwrap_or(0),
        value: metric.median,
        interval: metric.ci95,
        tip: tip(&names, case, metric),
    }
}

fn key_of(providers: &[String], cases: &[&Case]) -> Vec<KeyEntry> {
    let is_there = |provider: &&String| cases.iter().any(|case| fact(case, "provider") == **provider);
    let there = providers.iter().enumerate().filter(|(_, provider)| is_there(provider));
    there.map(|(style, name)| KeyEntry { style, is_line: false, name: name.clone(), value: String::new() }).collect()
}

/// The rates of operations: charts of them stand side by side, and have one axis.
fn rates(cases: &[&Case]) -> Vec<f64> {
    cases.iter().filter_map(|case| Some(case.metric(Side::Total, &OPERATIONS_PER_S)?.median)).collect()
}

pub(super) fn share(case: &Case) -> Option<&Metric> {
    case.metric(Side::Total, &SHARE_OF_AUTO)
}

pub(super) fn speed(case: &Case) -> Option<&Metric> {
    case.metric(Side::Total, &THROUGHPUT_BYTES_PER_S)
}

pub(super) fn fact(case: &Case, name: &str) -> String {
    case.requested.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

pub(super) fn size(case: &Case) -> u64 {
    case.requested.get("size_bytes").and_then(serde_json::Value::as_u64).unwrap_or(0)
}

fn is_auto(case: &Case) -> bool {
    case.achieved.get("taken_by_auto").and_then(serde_json::Value::as_bool).unwrap_or(false)
}
