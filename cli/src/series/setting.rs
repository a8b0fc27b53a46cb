use crate::schema::terms::{self, word};
use crate::schema::{Case, Document, Facts, Metric, name_of};

/// What runs must have in common to be joined.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting(Facts);

impl Setting {
    pub(super) fn of(document: &Document, case: &Case, name: &str, metric: &Metric) -> Self {
        let mut facts = terms::machine(&document.host);
        facts.extend(terms::restrictions(&document.host));
        facts.extend(terms::known([("build_profile", document.tool.build_profile.clone().into())]));
        facts.extend(terms::negotiated(case));
        if terms::logs_keys(case) {
            facts.insert("logs_keys".to_owned(), true.into());
        }
        facts.extend(case.switches.clone());
        facts.extend(terms::requested(case));
        facts.extend(terms::known([
            ("unit", metric.unit.clone().into()),
            ("measured", terms::way(case, name_of(name)).into()),
        ]));
        Self(facts)
    }

    /// All of its facts.
    pub(super) fn facts(&self) -> Facts {
        self.0.clone()
    }

    /// Words for the differences.
    pub(super) fn differences_from(&self, other: &Self) -> Vec<String> {
        terms::differences(&self.0, &other.0)
    }
}

/// A fact of a run: its name, and how to get it.
type Fact = (&'static str, fn(&Document, &Case) -> Option<String>);

/// Facts that may explain a change.
const REASONS: [Fact; 5] = [
    ("kernel", |document, _| document.host.kernel.clone()),
    ("governor", |document, _| document.host.governor.clone()),
    ("turbo", |document, _| document.host.turbo.map(|on| on.to_string())),
    ("tlsbench", |document, _| Some(document.tool.version.clone())),
    ("implementation", |_, case| case.requested.get("implementation").map(word)),
];

/// Differences among joined runs that may explain a change.
pub(super) fn notes(runs: &[(&Document, &Case)]) -> Vec<String> {
    let note = |(name, fact): &Fact| {
        let value =
            |(document, case): &(&Document, &Case)| fact(document, case).unwrap_or_else(|| "unknown".to_owned());
        let mut values: Vec<String> = runs.iter().map(value).collect();
        values.dedup();
        (values.len() > 1).then(|| format!("{name} is {}", values.join(", then ")))
    };
    REASONS.iter().filter_map(note).collect()
}
