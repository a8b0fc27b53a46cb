//! Charts of what switches are worth: one for each measure, a group of bars for each switch.

use maud::{Markup, html};
use serde_json::Value;

use super::capital;
use super::effects::{Effect, EffectChart, Group, Verdict, farthest};
use super::facts::Terms;
use super::figure::{DataTable, Figure};
use super::scale::quantity;
use super::section::Section;
use crate::render::groups::{grouped, in_order};
use crate::schema::{Better, Case, Kind, Metric, Side, quantity};

/// What the two bases are called.
const BASES: [(&str, &str); 2] = [("full", "with all others on"), ("empty", "with all others off")];
const READING: &str = "Each bar is what changes when the switch is turned on: once with all other switches on, and once with all of \
                       them off. The thin line is the 95 % interval; in the grey field an effect is too small for this run to tell \
                       from noise.";

/// The charts of cases that compare switches: a section for each workload.
pub(super) fn sections(cases: &[&Case]) -> Vec<Section> {
    let workloads = grouped(cases.iter().map(|case| (fact(case, "workload"), *case))).into_iter();
    let section = |(workload, cases): (String, Vec<&Case>)| {
        let terms = Terms::of(&cases.iter().copied().filter(|case| !case.metrics.is_empty()).collect::<Vec<_>>());
        let charts = html! {
            div class="panels" { @for figure in figures(&cases, &terms) { (figure.markup()) } }
            (off_path(&cases))
        };
        let (title, anchor) = (format!("Switches: {workload}"), anchor(&workload));
        Section { title, anchor, reading: Some(READING), terms, charts }
    };
    workloads.map(section).collect()
}

/// The anchor of a workload's section.
pub(super) fn anchor(workload: &str) -> String {
    format!("ablate-{workload}")
}

/// A figure for each measure. Those of one quantity have one axis, whatever side they are of.
fn figures(cases: &[&Case], terms: &Terms) -> Vec<Figure> {
    let sides = grouped(measures(cases).into_iter().map(|(side, quantity)| (quantity.name, (side, quantity))));
    let of_quantity = |(_, measures): &(&str, Vec<Measure>)| -> Vec<Figure> {
        let mut charts: Vec<_> = measures.iter().map(|measure| chart(cases, terms, *measure)).collect();
        let farthest = farthest(charts.iter().map(|(chart, _)| chart));
        charts.iter_mut().for_each(|(chart, _)| chart.farthest = farthest);
        measures.iter().zip(charts).map(|(measure, (chart, table))| figure(*measure, &chart, table)).collect()
    };
    sides.iter().flat_map(of_quantity).collect()
}

/// A quantity of one side.
pub(super) type Measure = (Side, &'static quantity::Quantity);

pub(super) fn measures(cases: &[&Case]) -> Vec<Measure> {
    let all = quantity::ALL.iter().copied().filter(|quantity| !quantity.is_detail());
    let all = all.flat_map(|quantity| Side::ALL.map(|side| (side, quantity)));
    all.filter(|(side, quantity)| cases.iter().any(|case| change(case, *side, quantity).is_some())).collect()
}

pub(super) fn change<'a>(case: &'a Case, side: Side, quantity: &quantity::Quantity) -> Option<&'a Metric> {
    case.metrics.get(&format!("{}_effect", crate::schema::key(side, quantity)))
}

/// The chart of a measure, with its numbers.
fn chart(cases: &[&Case], terms: &Terms, (side, quantity): Measure) -> (EffectChart, DataTable) {
    let name = crate::schema::key(side, quantity);
    let mut table = terms.table();
    let mut groups: Vec<Group> = Vec::new();
    let mut unit = quantity.unit.to_owned();
    for (switch, cases) in grouped(cases.iter().map(|case| (switch(case), *case))) {
        let mut effects = Vec::new();
        for (base, words) in BASES {
            let Some(case) = cases.iter().find(|case| fact(case, "base") == base) else { continue };
            let Some(change) = change(case, side, quantity) else { continue };
            unit.clone_from(&change.unit);
            for key in [name.clone(), format!("{name}_without"), format!("{name}_effect")] {
                if let Some(metric) = case.metrics.get(&key) {
                    table.rows.push(terms.row(case, &key, metric));
                }
            }
            effects.push(effect(case, &name, words, change));
        }
        if !effects.is_empty() {
            groups.push(Group { name: title(&switch), effects });
        }
    }
    let less_is_better = quantity.better == Better::Lower;
    (EffectChart { unit, less_is_better, farthest: 1.0, groups }, table)
}

fn figure((side, quantity): Measure, chart: &EffectChart, table: DataTable) -> Figure {
    let of = if quantity.kind == Kind::Count { "in absolute numbers" } else { "in percent" };
    let better = if chart.less_is_better { "less" } else { "more" };
    Figure {
        title: format!("{} ({})", capital(quantity.heading), side.name()),
        reading: format!("Change of {} {of}; {better} is better.", quantity.name.replace('_', " ")),
        key: Vec::new(),
        drawing: chart.markup(),
        table,
        is_wide: false,
    }
}

/// A switch, its value, and what that is held against.
pub(super) type Switched = (String, String, String);

/// What a case compares.
pub(super) fn switch(case: &Case) -> Switched {
    (fact(case, "switch"), fact(case, "value"), fact(case, "against"))
}

/// What it is called.
pub(super) fn title((switch, value, against): &Switched) -> String {
    match (switch.as_str(), value.as_str()) {
        ("", _) => "nothing (two equal runs)".to_owned(),
        (switch, "on" | "true" | "") => switch.to_owned(),
        (switch, value) if against.is_empty() => format!("{switch}: {value}"),
        (switch, value) => format!("{switch}: {value} instead of {against}"),
    }
}

fn effect(case: &Case, name: &str, words: &str, change: &Metric) -> Effect {
    let [low, high] = change.ci95.map(|end| signed(end, &change.unit));
    let value = signed(change.median, &change.unit);
    Effect {
        name: words.to_owned(),
        tip: format!("{words}: {value} ({low} to {high})\n{}", case.id),
        value,
        change: change.median,
        interval: change.ci95,
        smallest: told(case, name, "smallest_effect").and_then(Value::as_f64).unwrap_or(0.0),
        verdict: verdict(case, name),
    }
}

/// What a case's effect on a metric comes to.
pub(super) fn verdict(case: &Case, name: &str) -> Verdict {
    match told(case, name, "verdict").and_then(Value::as_str) {
        Some("helps") => Verdict::Helps,
        Some("hurts") => Verdict::Hurts,
        _ => Verdict::Noise,
    }
}

fn told<'a>(case: &'a Case, name: &str, fact: &str) -> Option<&'a Value> {
    case.achieved.get(&format!("{}_{fact}", name.replace('.', "_")))
}

fn signed(value: f64, unit: &str) -> String {
    let text = quantity(value.abs(), unit);
    match value {
        value if value > 0.0 => format!("+{text}"),
        value if value < 0.0 => format!("−{text}"),
        _ => text,
    }
}

/// Switches that are not on the workload's path, and why.
fn off_path(cases: &[&Case]) -> Markup {
    let reason = |case: &&Case| Some((fact(case, "switch"), case.achieved.get("why_not")?.as_str()?.to_owned()));
    let reasons = in_order(cases.iter().copied().filter_map(|case| reason(&case)));
    html! {
        @if !reasons.is_empty() {
            p class="aside" {
                "Not compared: "
                @for (index, (switch, why)) in reasons.iter().enumerate() {
                    @if index > 0 { "; " }
                    b { (switch) } ", " (why)
                }
                "."
            }
        }
    }
}

pub(super) fn fact(case: &Case, name: &str) -> String {
    case.requested.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
