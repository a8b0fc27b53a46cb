//! Several result files as series: which runs may be joined, their chronological order, and where they changed.

mod setting;
mod steps;

use std::collections::{HashMap, HashSet};

use crate::schema::history::{Run, Series};
use crate::schema::{Case, Document, Metric, name_of, primary};
use setting::Setting;

/// A result file.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file's name, for display.
    pub name: String,
    /// Its content.
    pub document: Document,
}

/// What to look for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Only this case.
    pub case: Option<String>,
    /// Only this metric: its key, or its name for all sides.
    pub metric: Option<String>,
}

/// How changes are distinguished from chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Significance {
    /// The probability of finding a change in any series if there is none.
    pub level: f64,
    /// Smaller changes of times are ignored, as a share.
    pub threshold: f64,
    /// The seed of all randomness.
    pub seed: u64,
}

/// The series of these files, with cases and metrics in the order of the latest run that has them.
pub fn series(sources: &[Source], wanted: &Wanted, significance: &Significance) -> Vec<Series> {
    let mut sources: Vec<&Source> = sources.iter().collect();
    sources.sort_by(|a, b| a.document.started_at.cmp(&b.document.started_at));
    let mut all = Vec::new();
    let sources: Vec<Indexed> = sources.into_iter().map(Indexed::of).collect();
    for (case, metric) in names(&sources, wanted) {
        let mut joined = join(&sources, case, metric);
        // The series of the latest run comes first, because it will continue.
        joined
            .sort_by_key(|(_, runs)| std::cmp::Reverse(runs.last().map(|run| run.source.document.started_at.clone())));
        let latest = joined.first().map(|(setting, _)| setting.clone());
        for (setting, runs) in joined {
            let differs = latest.as_ref().map(|latest| setting.differences_from(latest)).unwrap_or_default();
            all.extend(one(case, metric, &setting, differs, &runs));
        }
    }
    steps::find(&mut all, significance);
    all
}

/// The names of all cases.
pub fn cases(sources: &[Source]) -> Vec<&str> {
    let mut known = HashSet::new();
    let all = sources.iter().flat_map(|source| &source.document.cases).map(|case| case.id.as_str());
    all.filter(|name| known.insert(*name)).collect()
}

/// A metric of a run.
struct Measured<'a> {
    source: &'a Source,
    case: &'a Case,
    metric: &'a Metric,
}

/// A file, with its cases by name.
struct Indexed<'a> {
    source: &'a Source,
    cases: HashMap<&'a str, &'a Case>,
}

impl<'a> Indexed<'a> {
    fn of(source: &'a Source) -> Self {
        Self { source, cases: source.document.cases.iter().map(|case| (case.id.as_str(), case)).collect() }
    }
}

/// The cases and metrics to look at.
fn names<'a>(sources: &[Indexed<'a>], wanted: &Wanted) -> Vec<(&'a str, &'a str)> {
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    let is_case = |case: &&Case| wanted.case.as_ref().is_none_or(|wanted| case.id == *wanted);
    for case in sources.iter().rev().flat_map(|indexed| &indexed.source.document.cases).filter(is_case) {
        let mut metrics: Vec<&String> = case.metrics.keys().filter(|name| is_wanted(name, case, wanted)).collect();
        metrics.sort_by_key(|name| primary::rank(name));
        let of_case = metrics.into_iter().map(|metric| (case.id.as_str(), metric.as_str()));
        names.extend(of_case.filter(|name| known.insert(*name)));
    }
    names
}

fn is_wanted(key: &str, case: &Case, wanted: &Wanted) -> bool {
    if let Some(wanted) = &wanted.metric {
        return key == wanted || name_of(key) == wanted;
    }
    primary::is_primary(case, key)
}

/// The runs that have the metric, in groups of those that can be joined.
fn join<'a>(sources: &[Indexed<'a>], case: &str, metric: &str) -> Vec<(Setting, Vec<Measured<'a>>)> {
    let mut groups: Vec<(Setting, Vec<Measured>)> = Vec::new();
    for Indexed { source, cases } in sources {
        let Some(case) = cases.get(case).copied() else { continue };
        let Some(measured) = case.metrics.get(metric) else { continue };
        let setting = Setting::of(&source.document, case, metric, measured);
        let measured = Measured { source, case, metric: measured };
        match groups.iter_mut().find(|(known, _)| *known == setting) {
            Some((_, runs)) => runs.push(measured),
            None => groups.push((setting, vec![measured])),
        }
    }
    groups
}

fn one(case: &str, metric: &str, setting: &Setting, differs: Vec<String>, runs: &[Measured]) -> Option<Series> {
    let first = runs.first()?;
    let terms: Vec<(&Document, &Case)> =
        runs.iter().map(|measured| (&measured.source.document, measured.case)).collect();
    let run = |measured: &Measured| {
        let document = &measured.source.document;
        Run {
            file: measured.source.name.clone(),
            started_at: document.started_at.clone(),
            git_commit: document.tool.git_commit.clone(),
            partial: document.partial,
            median: measured.metric.median,
            ci95: measured.metric.ci95,
            samples: measured.metric.samples.len(),
        }
    };
    Some(Series {
        case: case.to_owned(),
        metric: metric.to_owned(),
        unit: first.metric.unit.clone(),
        better: first.metric.better,
        kind: first.metric.kind,
        setting: setting.facts(),
        differs,
        notes: setting::notes(&terms),
        runs_needed: None,
        runs: runs.iter().map(run).collect(),
        changes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Host, Side, quantity};

    const DOUBT: Significance = Significance { level: 0.05, threshold: 0.01, seed: 1 };

    fn source(day: usize, efficiency: f64, change: impl Fn(&mut Document)) -> Source {
        let mut document = Document::begin(Host { cpu_model: Some("Example 9000".into()), ..Host::default() });
        document.started_at = format!("2026-01-{day:02}T00:00:00Z");
        let mut case = Case::new("throughput/memory/send/aes128gcm/64");
        case.switches.insert("zero_copy".into(), true.into());
        case.requested.insert("size_bytes".into(), 64.into());
        case.requested.insert("seed".into(), day.into());
        case.record(Side::Send, &quantity::EFFICIENCY, &[efficiency - 0.001, efficiency, efficiency + 0.001], 1);
        case.record(Side::Send, &quantity::COPIED_BYTES_PER_BYTE, &[if day > 6 { 1.0 } else { 0.0 }; 3], 1);
        case.record(Side::Send, &quantity::RAW_AEAD_BYTES_PER_S, &[1e9], 1);
        document.cases.push(case);
        change(&mut document);
        Source { name: format!("{day}.json"), document }
    }

    /// Twelve runs, the last six slower.
    fn runs(change: impl Fn(usize, &mut Document)) -> Vec<Source> {
        let mut random = fastrand::Rng::with_seed(3);
        let efficiency = |day: usize| if day > 6 { 0.90 } else { 0.97 };
        let mut noise = || random.f64() * 0.01;
        (1..=12).rev().map(|day| source(day, efficiency(day) + noise(), |document| change(day, document))).collect()
    }

    #[test]
    fn a_step_is_marked_in_time_and_a_count_at_once() {
        let series = series(&runs(|_, _| {}), &Wanted::default(), &DOUBT);
        let metrics: Vec<&str> = series.iter().map(|series| series.metric.as_str()).collect();
        assert_eq!(metrics, ["send.efficiency", "send.copied_bytes_per_byte"]);
        let files: Vec<&str> = series[0].runs.iter().map(|run| run.file.as_str()).collect();
        assert_eq!((files[0], files[11]), ("1.json", "12.json"));
        for series in &series {
            let [change] = &series.changes[..] else { panic!("{:?}", series.changes) };
            assert_eq!((change.run, change.file.as_str(), change.is_better), (6, "7.json", false));
        }
        let change = &series[0].changes[0];
        assert!((change.change + 0.07).abs() < 0.01, "{change:?}");
        assert!(
            change.interval[0] <= change.change && change.change <= change.interval[1] && change.interval[1] < 0.0,
            "{change:?}"
        );
        assert!(change.p_value.is_some_and(|p| p < 0.05));
        assert_eq!((series[1].changes[0].change, series[1].changes[0].p_value), (1.0, None));
    }

    #[test]
    fn runs_of_other_machines_and_switches_are_not_joined() {
        let mixed = runs(|day, document| match day {
            3 | 4 => document.host.cpu_model = Some("Other 1".into()),
            5 => drop(document.cases[0].switches.insert("zero_copy".into(), false.into())),
            _ => {}
        });
        let wanted = Wanted { metric: Some("efficiency".into()), ..Wanted::default() };
        let series = series(&mixed, &wanted, &DOUBT);
        let shapes: Vec<(usize, &[String])> =
            series.iter().map(|series| (series.runs.len(), &series.differs[..])).collect();
        assert_eq!(
            shapes,
            [
                (9, &[][..]),
                (1, &["zero_copy is false, not true".to_owned()][..]),
                (2, &["cpu_model is Other 1, not Example 9000".to_owned()][..])
            ]
        );
        // With three series searched together.
        assert_eq!(series[2].runs_needed, Some(9));
    }

    #[test]
    fn what_may_be_the_reason_is_noted_and_what_is_no_reason_is_not() {
        let updated = runs(|day, document| {
            document.host.kernel = Some(if day > 8 { "Linux 7" } else { "Linux 6" }.into());
        });
        let series = series(&updated, &Wanted { metric: Some("send.efficiency".into()), ..Wanted::default() }, &DOUBT);
        assert_eq!(series.len(), 1);
        assert_eq!(series[0].notes, ["kernel is Linux 6, then Linux 7"]);
    }
}
