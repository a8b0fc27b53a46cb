//! What each switch is worth.

use super::{Finding, listed};
use crate::render::groups::grouped;
use crate::render::report::ablation::{Measure, Switched, anchor, change, fact, measures, switch, verdict};
use crate::render::report::effects::Verdict;
use crate::schema::{Case, Kind, Side, key};

/// Effects that are named of a switch, the largest first.
const NAMED: usize = 3;

/// What an effect on a count weighs beside one on a time. Where nearly nothing was counted before, it may be any number of times
/// as much: more than a doubling weighs no more.
const COUNT_WEIGHT: f64 = 0.5;

/// An effect that is no noise.
struct Effect {
    workload: String,
    weight: f64,
    words: String,
}

/// A finding for each switch that does something, and one for the others.
pub(super) fn findings(cases: &[&Case]) -> Vec<Finding> {
    let compared = cases.iter().filter(|case| !fact(case, "switch").is_empty() && !case.metrics.is_empty());
    let (mut findings, mut silent) = (Vec::new(), Vec::new());
    for (switch, cases) in grouped(compared.map(|case| (switch(case), *case))) {
        match finding(&typed(&switch), &cases) {
            Some(finding) => findings.push(finding),
            None => silent.push(typed(&switch)),
        }
    }
    if let Some(first) = cases.first().filter(|_| !silent.is_empty()) {
        findings.push(Finding {
            subject: listed(&silent),
            words: "no effect that this run could tell from noise.".to_owned(),
            anchor: anchor(&fact(first, "workload")),
        });
    }
    findings
}

/// The effects in the workload where the switch does most.
fn finding(name: &str, cases: &[&Case]) -> Option<Finding> {
    let mut effects: Vec<Effect> =
        cases.iter().filter(|case| fact(case, "base") == "full").flat_map(|case| effects(case)).collect();
    effects.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let workload = effects.first()?.workload.clone();
    let told = effects.iter().filter(|effect| effect.workload == workload).take(NAMED);
    let words: Vec<String> = told.map(|effect| effect.words.clone()).collect();
    Some(Finding {
        subject: name.to_owned(),
        words: format!("{} ({workload}).", listed(&words)),
        anchor: anchor(&workload),
    })
}

fn effects(case: &Case) -> Vec<Effect> {
    let effect = |(side, quantity): Measure| {
        let name = key(side, quantity);
        let change = change(case, side, quantity).filter(|_| verdict(case, &name) != Verdict::Noise)?.median;
        let without = case.metrics.get(&format!("{name}_without")).map(|metric| metric.median);
        // Effects on counts are in their unit.
        let (share, weight, less) = match (quantity.kind, without) {
            (Kind::Time, _) => (change, 1.0, "less"),
            (Kind::Count, Some(without)) if without > 0.0 => (change / without, COUNT_WEIGHT, "fewer"),
            (Kind::Count, _) => return None,
        };
        let more = if share > 0.0 { "more" } else { less };
        let words = format!("{:.1} % {more} {}{}", share.abs() * 100.0, noun(quantity.name), of(side));
        Some(Effect { workload: fact(case, "workload"), weight: share.abs().min(1.0) * weight, words })
    };
    measures(&[case]).into_iter().filter_map(effect).collect()
}

fn of(side: Side) -> &'static str {
    match side {
        Side::Send => " to send",
        Side::Receive => " to receive",
        Side::Client => " for the client",
        Side::Server => " for the server",
        Side::Total => "",
    }
}

/// A quantity's name in words.
fn noun(name: &str) -> String {
    let name = name.replace("cpu_ns", "CPU time").replace("cpu_us", "CPU time").replace("p99_9", "p99.9");
    name.trim_end_matches("_ns").replace("wake_ups", "wake-ups").replace('_', " ")
}

/// A switch as it is typed, with what it is held against where that is not simply off.
fn typed((switch, value, against): &Switched) -> String {
    match (value.as_str(), against.as_str()) {
        ("on" | "", _) => switch.clone(),
        (value, "" | "off") => format!("{switch}={value}"),
        (value, against) => format!("{switch}={value} instead of {against}"),
    }
}
