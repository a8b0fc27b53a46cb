//! Compares two results, metric by metric: what may be compared, how it differs, and the verdict.

mod comparability;

use std::collections::{HashMap, HashSet};

use crate::error::Error;
use crate::schema::comparison::{Case, Comparison, Counts, Difference, Metric, Outcome, Run, SCHEMA, Verdict};
use crate::schema::{self, Document, Kind, Side, Tool, name_of, primary, quantity};
use crate::stats::{self, Scale, Slack};
use comparability::Comparability;

/// The rules for verdicts.
pub struct Rules<'a> {
    /// The confidence level of all verdicts together.
    pub confidence: f64,
    /// The share by which a varying metric may differ. A count that does not vary may not differ at all.
    pub noise_threshold: f64,
    /// Whether results of another machine are compared, as far as possible.
    pub allow_foreign: bool,
    /// Whether the samples of both belong together in pairs, because they were measured in turns.
    pub interleaved: bool,
    /// Thresholds that replace the noise threshold. Only metrics that have one are compared.
    pub limits: Option<AllowedChanges<'a>>,
    /// The seed of all randomness.
    pub seed: u64,
}

/// The thresholds of a profile.
pub struct AllowedChanges<'a> {
    /// The profile.
    pub profile: String,
    /// The allowed change for a case, a metric, and the metric's baseline median.
    pub find: &'a dyn Fn(&str, &str, f64) -> Option<AllowedChange>,
}

/// How much worse a metric may become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllowedChange {
    /// The allowed change for the worse, in the metric's unit.
    pub allowed: f64,
    /// Whether the metric affects the outcome. If not, it is only reported.
    pub is_binding: bool,
}

/// Results with a name for messages.
#[derive(Clone, Copy)]
pub struct Named<'a> {
    /// The file, or what was measured.
    pub name: &'a str,
    /// The results.
    pub document: &'a Document,
}

/// The reason why two results are not compared at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What prevents the comparison.
    pub message: String,
    /// The remedy.
    pub hint: &'static str,
}

impl Refusal {
    /// The error that ends a command with this refusal. `baseline` is the name of the refused results.
    pub fn into_error(self, baseline: &str) -> Error {
        Error::Baseline { name: baseline.to_owned(), problem: self.message, hint: Some(self.hint.to_owned()) }
    }
}

/// Compares the results `after` with the results `before`.
pub fn compare(before: Named<'_>, after: Named<'_>, rules: &Rules<'_>) -> Result<Comparison, Refusal> {
    let comparability = Comparability::of(before.document, after.document, rules.allow_foreign)?;
    let mut pairs = Vec::new();
    let mut cases: Vec<Case> = Vec::new();
    for (earlier, later) in matched(before.document, after.document) {
        let case = Case {
            id: later.or(earlier).map(|case| case.id.clone()).unwrap_or_default(),
            notes: earlier
                .zip(later)
                .map(|(earlier, later)| comparability::remarks(earlier, later))
                .unwrap_or_default(),
            metrics: Vec::new(),
        };
        let found = metrics(earlier, later, &comparability, rules);
        cases.push(Case { metrics: found.iter().map(|found| found.metric.clone()).collect(), ..case });
        let index = cases.len() - 1;
        pairs
            .extend(found.into_iter().enumerate().filter_map(|(place, found)| Some((index, place, found.difference?))));
    }
    judge(&mut cases, &pairs, rules);
    let mut comparison = Comparison {
        schema: SCHEMA.to_owned(),
        tool: Tool::current(),
        profile: rules.limits.as_ref().map(|limits| limits.profile.clone()),
        baseline: run(before),
        candidate: run(after),
        interleaved: rules.interleaved,
        confidence_level: rules.confidence,
        noise_threshold: rules.limits.is_none().then_some(rules.noise_threshold),
        notes: comparability.notes,
        cases,
        outcome: Outcome::Passed,
        counts: Counts::default(),
    };
    comparison.conclude();
    Ok(comparison)
}

/// Checks, before measuring, that results of this machine and build may be compared with `before`.
pub fn check(before: &Document, this: &Document, allow_foreign: bool) -> Result<(), Refusal> {
    Comparability::of(before, this, allow_foreign).map(|_| ())
}

/// Checks regressions against a second measurement: what is not worse there too was chance.
pub fn confirm(first: &mut Comparison, second: &Comparison) {
    let again: HashMap<&str, &Case> = second.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    for case in &mut first.cases {
        let again = again.get(case.id.as_str());
        for metric in case.metrics.iter_mut().filter(|metric| is_suspect(metric)) {
            let again = again.and_then(|case| case.metrics.iter().find(|known| known.name == metric.name));
            match again.map(|again| again.verdict) {
                Some(Verdict::Worse) => {}
                Some(Verdict::Better | Verdict::InsideTheNoise) => {
                    metric.verdict = Verdict::InsideTheNoise;
                    metric.why = Some("worse in one measurement, and not in the next".to_owned());
                }
                Some(Verdict::Inconclusive | Verdict::NotComparable) => {
                    metric.verdict = Verdict::Inconclusive;
                    metric.why = Some("worse in one measurement, and inconclusive in the next".to_owned());
                }
                None => metric.why = Some("not measured a second time".to_owned()),
            }
        }
    }
    first.conclude();
}

/// Whether a metric that affects the outcome is worse, possibly by chance. A count that does not vary within a run may
/// still vary between runs, such as the number of reads from a socket.
pub fn is_suspect(metric: &Metric) -> bool {
    metric.is_binding && metric.verdict == Verdict::Worse
}

/// A metric, and its difference if it can be compared.
struct Found<'a> {
    metric: Metric,
    difference: Option<stats::Difference<'a>>,
}

/// The cases of both by id: those of the candidate, then those that only the baseline has.
fn matched<'a>(
    before: &'a Document,
    after: &'a Document,
) -> impl Iterator<Item = (Option<&'a schema::Case>, Option<&'a schema::Case>)> {
    let earlier: HashMap<&str, &schema::Case> = before.cases.iter().map(|case| (case.id.as_str(), case)).collect();
    let known: HashSet<&str> = after.cases.iter().map(|case| case.id.as_str()).collect();
    let later = after.cases.iter().map(move |case| (earlier.get(case.id.as_str()).copied(), Some(case)));
    later
        .chain(before.cases.iter().filter(move |case| !known.contains(case.id.as_str())).map(|case| (Some(case), None)))
}

fn metrics<'a>(
    before: Option<&'a schema::Case>,
    after: Option<&'a schema::Case>,
    comparability: &Comparability,
    rules: &Rules<'_>,
) -> Vec<Found<'a>> {
    let in_case = |case: Option<&'a schema::Case>| {
        case.into_iter().flat_map(|case| case.metrics.keys().chain(case.not_measurable.keys()))
    };
    let mut keys: Vec<&String> = in_case(before).chain(in_case(after)).collect();
    keys.sort_by_key(|key| primary::rank(key));
    keys.dedup();
    let objection = before.zip(after).and_then(|(before, after)| comparability::objection_to_case(before, after));
    let one = |key: &String| {
        let metric_of = |case: Option<&'a schema::Case>| case.and_then(|case| case.metrics.get(key));
        let (earlier, later) = (metric_of(before), metric_of(after));
        let known = earlier.or(later);
        let median = known.map_or(0.0, |known| known.median);
        let (allowed, is_binding) = allowed(before.or(after)?, key, median, rules)?;
        let quantity = quantity::find(name_of(key));
        let listed = || quantity.map(|quantity| (quantity.unit.to_owned(), quantity.better, quantity.kind));
        let (unit, better, kind) = known.map(|known| (known.unit.clone(), known.better, known.kind)).or_else(listed)?;
        let unmeasured = [("baseline", before), ("candidate", after)].into_iter().find_map(|(name, case)| {
            let reason = case?.not_measurable.get(key)?;
            Some(format!("not measurable in the {name}: {}; {}", reason.message, reason.advice))
        });
        let unavailable = [("baseline", before), ("candidate", after)].into_iter().find_map(|(name, case)| {
            let reason = case?.unavailable.as_ref()?;
            Some(format!("not available in the {name}: {}; {}", reason.message, reason.advice))
        });
        let mut metric = Metric {
            name: key.clone(),
            unit,
            better,
            kind,
            baseline: earlier.map(|metric| metric.median),
            candidate: later.map(|metric| metric.median),
            samples: [earlier, later].map(|metric| metric.map_or(0, |metric| metric.samples.len())),
            difference: None,
            allowed,
            is_binding,
            verdict: Verdict::NotComparable,
            why: None,
        };
        let surroundings =
            before.zip(after).and_then(|(before, after)| comparability.objection(quantity, before, after));
        let difference = match (earlier, later) {
            _ if before.is_none() => Err(("the baseline has no such case".to_owned(), true)),
            _ if after.is_none() => Err(("the candidate has no such case".to_owned(), true)),
            _ if unmeasured.is_some() && objection.is_none() && surroundings.is_none() => {
                metric.verdict = Verdict::Inconclusive;
                Err((unmeasured.unwrap_or_default(), true))
            }
            _ if unavailable.is_some() => Err((unavailable.unwrap_or_default(), true)),
            (None, _) => Err(("the baseline does not have it".to_owned(), true)),
            (_, None) => Err(("the candidate does not have it".to_owned(), true)),
            _ if objection.is_some() => Err((objection.clone().unwrap_or_default(), true)),
            // Different surroundings are not the program's fault, so they do not affect the outcome.
            _ if surroundings.is_some() => Err((surroundings.unwrap_or_default(), false)),
            (Some(earlier), Some(later)) if !rules.interleaved && (is_told_once(earlier) || is_told_once(later)) => {
                Err(("a run has only one number for it, which does not show how it varies".to_owned(), false))
            }
            (Some(earlier), Some(later)) if !rules.interleaved && is_for_the_kernel_to_say(key, earlier, later) => {
                Err(("how much arrives at once differs from run to run: use `gate --against`".to_owned(), false))
            }
            (Some(earlier), Some(later)) => {
                let difference = difference(earlier, later, rules.interleaved);
                difference.ok_or_else(|| ("it was not measured each time".to_owned(), true))
            }
        };
        Some(match difference {
            Ok(difference) => Found { metric, difference: Some(difference) },
            Err((why, is_missed)) => {
                metric.why = Some(why);
                metric.is_binding &= is_missed;
                Found { metric, difference: None }
            }
        })
    };
    keys.into_iter().filter_map(one).collect()
}

/// How much worse a metric may become, in its unit, and whether it affects the outcome. `None` if it is not compared.
fn allowed(case: &schema::Case, key: &str, median: f64, rules: &Rules<'_>) -> Option<(f64, bool)> {
    match &rules.limits {
        Some(limits) => (limits.find)(&case.id, key, median).map(|limit| (limit.allowed, limit.is_binding)),
        None => primary::is_primary(case, key).then(|| (rules.noise_threshold * median.abs(), true)),
    }
}

/// Such as a percentile over the whole run.
fn is_told_once(metric: &schema::Metric) -> bool {
    metric.kind == Kind::Time && metric.samples.len() == 1
}

/// The number of reads from a socket varies between runs, but hardly within one.
fn is_for_the_kernel_to_say(key: &str, before: &schema::Metric, after: &schema::Metric) -> bool {
    let is_read = key == schema::key(Side::Receive, &quantity::SYSCALLS_PER_MIB);
    is_read && before.median != after.median
}

fn difference<'a>(
    before: &'a schema::Metric,
    after: &'a schema::Metric,
    interleaved: bool,
) -> Option<stats::Difference<'a>> {
    let of = |scale| {
        let of = if interleaved { stats::Difference::of_pairs } else { stats::Difference::of_runs };
        of(scale, &before.samples, &after.samples)
    };
    // There is no share of zero.
    let share = (before.kind == Kind::Time).then(|| of(Scale::Share)).flatten();
    share.or_else(|| of(Scale::Units))
}

/// Gives all metrics their verdicts, as one family.
fn judge(cases: &mut [Case], pairs: &[(usize, usize, stats::Difference<'_>)], rules: &Rules<'_>) {
    let slack_of = |metric: &Metric, difference: &stats::Difference<'_>| {
        let is_told_exactly = rules.limits.is_none() && difference.is_exact;
        Slack { share: 0.0, units: if is_told_exactly { 0.0 } else { metric.allowed } }
    };
    let family: Vec<(&stats::Difference<'_>, Slack, bool)> = pairs
        .iter()
        .map(|(case, place, difference)| {
            let metric = &cases[*case].metrics[*place];
            (difference, slack_of(metric, difference), metric.better == schema::Better::Lower)
        })
        .collect();
    let verdicts = stats::judge(&family, rules.confidence, rules.seed);
    let tests = stats::tests_of(family.iter().map(|(difference, ..)| *difference));
    for (((case, place, _), (difference, slack, _)), verdict) in pairs.iter().zip(&family).zip(verdicts) {
        let metric = &mut cases[*case].metrics[*place];
        let (told, reaches) = told(difference, tests, rules);
        // A difference is negligible only if its whole interval lies within the slack.
        let is_wide = !difference.is_exact && (told.smallest.is_none() || reaches > slack.units);
        metric.allowed = slack.units;
        metric.verdict = match verdict {
            stats::Verdict::Worse => Verdict::Worse,
            stats::Verdict::Better => Verdict::Better,
            stats::Verdict::InsideTheNoise if is_wide => Verdict::Inconclusive,
            stats::Verdict::InsideTheNoise => Verdict::InsideTheNoise,
        };
        if told.smallest.is_none() {
            let [before, after] = difference.counts();
            let what =
                if difference.p.is_none() { "that are independent of each other" } else { "for so many metrics" };
            metric.why = Some(format!("too few samples {what}, of {before} and {after}"));
        }
        metric.difference = Some(told);
    }
}

/// A difference with its interval; and how far it may reach from zero, in the unit of the metric, with the confidence
/// level corrected for this number of tests.
fn told(difference: &stats::Difference<'_>, tests: usize, rules: &Rules<'_>) -> (Difference, f64) {
    let doubt = (1.0 - rules.confidence) / tests as f64;
    let corrected = difference.interval(1.0 - doubt, rules.seed);
    let is_share = difference.scale == Scale::Share;
    let can_be_shown = difference.is_exact || (difference.p.is_some() && difference.least_p < doubt);
    let reach = corrected.ends[0].abs().max(corrected.ends[1].abs());
    let told = Difference {
        is_share,
        change: difference.change,
        ci95: difference.interval(rules.confidence, rules.seed).ends,
        p_value: difference.p,
        smallest: can_be_shown.then(|| corrected.half_width()),
    };
    (told, if is_share { reach * difference.medians[0].abs() } else { reach })
}

fn run(named: Named<'_>) -> Run {
    let document = named.document;
    Run {
        name: named.name.to_owned(),
        started_at: document.started_at.clone(),
        version: document.tool.version.clone(),
        git_commit: document.tool.git_commit.clone(),
        cpu_model: document.host.cpu_model.clone(),
        partial: document.partial,
    }
}

#[cfg(test)]
mod tests;
