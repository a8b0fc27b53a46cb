//! What each switch is worth.

use super::{Finding, listed};
use crate::render::effects::{Effect, phrase};
use crate::render::groups::grouped;
use crate::render::report::ablation::{Measure, Switched, anchor, change, fact, measures, switch, verdict};
use crate::render::report::effects::Verdict;
use crate::schema::{Case, key};

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
    let in_full_set = cases.iter().filter(|case| fact(case, "base") == "full");
    let workloads =
        grouped(in_full_set.flat_map(|case| effects(case).into_iter().map(|effect| (fact(case, "workload"), effect))));
    let most = |effects: &[Effect]| effects.iter().map(Effect::weight).fold(0.0, f64::max);
    // Of equals the first.
    let (workload, effects) =
        workloads.into_iter().rev().max_by(|one, other| most(&one.1).total_cmp(&most(&other.1)))?;
    let words = format!("{} ({workload}).", phrase(&effects, "in the chart"));
    Some(Finding { subject: name.to_owned(), words, anchor: anchor(&workload) })
}

/// The effects that are no noise.
fn effects(case: &Case) -> Vec<Effect> {
    let effect = |(side, quantity): Measure| {
        let change = change(case, side, quantity).filter(|_| verdict(case, &key(side, quantity)) != Verdict::Noise)?;
        let is_resumed = fact(case, "workload") == "resumed";
        Some(Effect { side, quantity, is_resumed, change: change.median, is_real: true })
    };
    measures(&[case]).into_iter().filter_map(effect).collect()
}

/// A switch as it is typed, with what it is held against where that is not simply off.
fn typed((switch, value, against): &Switched) -> String {
    match (value.as_str(), against.as_str()) {
        ("on" | "", _) => switch.clone(),
        (value, "" | "off") => format!("{switch}={value}"),
        (value, against) => format!("{switch}={value} instead of {against}"),
    }
}
