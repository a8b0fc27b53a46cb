//! Charts of what switches are worth: one for each measure, a group of bars for each switch.

use maud::{Markup, html};
use serde_json::Value;

use super::capital;
use super::effects::{Effect, EffectChart, Group, Verdict};
use super::facts::Terms;
use super::figure::Figure;
use super::scale::quantity;
use crate::render::groups::{grouped, in_order};
use crate::schema::{Better, Case, Kind, Metric, Side, quantity};

/// What the two bases are called.
const BASES: [(&str, &str); 2] = [("full", "taken from all"), ("empty", "added to none")];

/// The charts of cases that compare switches: a section for each workload.
pub(super) fn sections(cases: &[&Case]) -> Markup {
    html! {
        @for (workload, cases) in grouped(cases.iter().map(|case| (fact(case, "workload"), *case))) {
            @let terms = Terms::of(&cases.iter().copied().filter(|case| !case.metrics.is_empty()).collect::<Vec<_>>());
            section class="group" {
                h3 { "What each switch is worth: " (workload) }
                p class="reading" {
                    "Each bar is the change where the switch is on: within the full set, and added to the empty one. The thin line "
                    "is its 95 % interval; the grey field is what this run could not have told from noise."
                }
                (terms.markup())
                div class="panels" {
                    @for (side, quantity) in measures(&cases) {
                        (figure(&cases, &terms, side, quantity).markup())
                    }
                }
                (off_path(&cases))
            }
        }
    }
}

type Measure = (Side, &'static quantity::Quantity);

fn measures(cases: &[&Case]) -> Vec<Measure> {
    let all = quantity::ALL.iter().copied().filter(|quantity| !quantity.is_detail());
    let all = all.flat_map(|quantity| Side::ALL.map(|side| (side, quantity)));
    all.filter(|(side, quantity)| cases.iter().any(|case| change(case, *side, quantity).is_some())).collect()
}

fn change<'a>(case: &'a Case, side: Side, quantity: &quantity::Quantity) -> Option<&'a Metric> {
    case.metrics.get(&format!("{}_effect", crate::schema::key(side, quantity)))
}

fn figure(cases: &[&Case], terms: &Terms, side: Side, quantity: &'static quantity::Quantity) -> Figure {
    let name = crate::schema::key(side, quantity);
    let mut table = terms.table();
    let mut groups: Vec<Group> = Vec::new();
    let mut unit = quantity.unit.to_owned();
    let switch = |case: &Case| (fact(case, "switch"), fact(case, "value"), fact(case, "against"));
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
    let of = if quantity.kind == Kind::Count { "as a number" } else { "as a share" };
    Figure {
        title: format!("{} ({})", capital(quantity.heading), side.name()),
        reading: format!(
            "Change of {} {of}; {} is better.",
            plain(quantity),
            if less_is_better { "less" } else { "more" }
        ),
        key: Vec::new(),
        drawing: EffectChart { unit, less_is_better, groups }.markup(),
        table,
        is_wide: false,
    }
}

fn plain(quantity: &quantity::Quantity) -> String {
    quantity.name.replace('_', " ")
}

fn title((switch, value, against): &(String, String, String)) -> String {
    match (switch.as_str(), value.as_str()) {
        ("", _) => "nothing (equal against equal)".to_owned(),
        (switch, "on" | "true" | "") => switch.to_owned(),
        (switch, value) if against.is_empty() => format!("{switch}: {value}"),
        (switch, value) => format!("{switch}: {value}, not {against}"),
    }
}

fn effect(case: &Case, name: &str, words: &str, change: &Metric) -> Effect {
    let achieved = |fact: &str| case.achieved.get(&format!("{}_{fact}", name.replace('.', "_")));
    let verdict = match achieved("verdict").and_then(Value::as_str) {
        Some("helps") => Verdict::Helps,
        Some("hurts") => Verdict::Hurts,
        _ => Verdict::Noise,
    };
    let [low, high] = change.ci95.map(|end| signed(end, &change.unit));
    let value = signed(change.median, &change.unit);
    Effect {
        name: words.to_owned(),
        tip: format!("{words}: {value} ({low} to {high})\n{}", case.id),
        value,
        change: change.median,
        interval: change.ci95,
        smallest: achieved("smallest_effect").and_then(Value::as_f64).unwrap_or(0.0),
        verdict,
    }
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

fn fact(case: &Case, name: &str) -> String {
    case.requested.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
