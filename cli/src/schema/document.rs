use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Case, Host, Kind, SCHEMA, Tool, name_of, quantity};

/// Everything that one run of a command found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program that measured.
    pub tool: Tool,
    /// The machine.
    pub host: Host,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// Whether the run ended before all of its cases were complete.
    pub partial: bool,
    /// What makes these results less reliable than they could be.
    pub warnings: Vec<Warning>,
    /// The cases, in the order they were asked for.
    pub cases: Vec<Case>,
}

/// A fact that makes the results less reliable, and a remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// The problem.
    pub message: String,
    /// The next step.
    pub advice: String,
}

impl Document {
    /// A document without cases, starting now.
    pub fn begin(host: Host) -> Self {
        let now = timestamp(SystemTime::now());
        Self {
            schema: SCHEMA.to_owned(),
            tool: Tool::current(),
            host,
            started_at: now.clone(),
            finished_at: now,
            partial: false,
            warnings: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// Records the end of the run, now.
    pub fn finish(&mut self, load: Option<[f64; 3]>, partial: bool) {
        self.finished_at = timestamp(SystemTime::now());
        self.host.load_at_end = load;
        self.partial = partial;
    }

    /// Adds a warning, unless it is there already.
    pub fn warn(&mut self, message: impl Into<String>, advice: impl Into<String>) {
        let warning = Warning { message: message.into(), advice: advice.into() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The document with only its counts: they hardly vary, and mean the same on a busy machine.
    pub fn counts(&self) -> Self {
        let mut document = self.clone();
        for case in &mut document.cases {
            case.metrics.retain(|_, metric| metric.kind == Kind::Count);
            let is_count =
                |key: &str| quantity::find(name_of(key)).is_some_and(|quantity| quantity.kind == Kind::Count);
            case.not_measurable.retain(|key, _| is_count(key));
        }
        document
    }

    /// What could not be measured, case by case, each with its remedy.
    pub fn not_measurable(&self) -> Vec<Warning> {
        let told = |case: &Case, key: &String, reason: &Warning| Warning {
            message: format!("{}: {key} is not measurable in this run: {}", case.id, reason.message),
            advice: reason.advice.clone(),
        };
        let of_case = |case| move |(key, reason)| told(case, key, reason);
        let unavailable = self.cases.iter().filter_map(|case| {
            let Warning { message, advice } = case.unavailable.as_ref()?;
            Some(Warning { message: format!("{} is not available: {message}", case.id), advice: advice.clone() })
        });
        self.cases.iter().flat_map(|case| case.not_measurable.iter().map(of_case(case))).chain(unavailable).collect()
    }
}

/// A time in the document's format.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
