//! A comparison in words and tables.

mod rows;

use super::{Align, Report, Sheet, View};
use crate::schema::comparison::{Case, Comparison, Difference, Metric, Outcome, Run, Verdict};
use crate::schema::name_of;
use crate::units::{counted, format_quantity};
use rows::{change, escaped, listing, paint, sheet};

/// How many reasons are given at a terminal.
const REASONS: usize = 5;
/// How many metrics a sentence names.
const NAMED: usize = 3;

impl Report for Comparison {
    /// The conclusion, then one line for each metric, the verdict first, so that `grep ^worse` finds what it should.
    fn table(&self, view: &View) -> String {
        let mut lines = vec![self.conclusion(), self.summary(), String::new()];
        for (name, run) in [("Baseline: ", &self.baseline), ("Candidate:", &self.candidate)] {
            lines.push(format!("{name} {}", origin(run)));
        }
        lines.extend(self.remarks().into_iter().map(|note| format!("{note}.")));
        let mut text = paragraphs(&lines, view);
        let [told @ .., noise] = Verdict::ALL;
        let rows = self.rows(if view.is_verbose { &Verdict::ALL } else { &told });
        if !rows.is_empty() {
            text.push_str(&format!("\n{}\n", paint(&listing(&rows, view), view.color)));
        }
        let mut lines = self.reasons();
        let more = lines.len().saturating_sub(REASONS);
        if !view.is_verbose && view.terminal.is_some() && more > 0 {
            lines.truncate(REASONS);
            lines.push(format!("{} with -v.", counted(more, "more reason", "more reasons")));
        }
        lines
            .extend(self.objections().iter().map(|objection| format!("{} {objection}", Verdict::NotComparable.word())));
        let hidden = self.rows(&[noise]).len();
        if !view.is_verbose && hidden > 0 {
            let verb = if hidden == 1 { "is" } else { "are" };
            lines.push(format!("{} {verb} inside the noise; -v lists them.", counted(hidden, "metric", "metrics")));
        }
        lines.extend(self.equal());
        if view.is_verbose {
            lines.push(self.how_to_read());
        }
        text + &paragraphs(&lines, view)
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// One line per metric, with raw numbers.
    fn csv(&self) -> String {
        const COLUMNS: [&str; 17] = [
            "verdict",
            "case",
            "metric",
            "unit",
            "better",
            "kind",
            "baseline",
            "candidate",
            "change",
            "change_is_share",
            "ci95_low",
            "ci95_high",
            "p_value",
            "smallest",
            "allowed",
            "binding",
            "why",
        ];
        let mut sheet = Sheet::new(COLUMNS.map(|name| (name, Align::Left)));
        for (case, metric) in Verdict::ALL.iter().flat_map(|verdict| self.with(*verdict)) {
            let text = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
            let of = |part: fn(&Difference) -> f64| text(metric.difference.as_ref().map(part));
            let mut row =
                vec![metric.verdict.word().to_owned(), case.id.clone(), metric.name.clone(), metric.unit.clone()];
            row.push(format!("{:?}", metric.better).to_lowercase());
            row.push(format!("{:?}", metric.kind).to_lowercase());
            row.extend([text(metric.baseline), text(metric.candidate), of(|difference| difference.change)]);
            row.push(metric.difference.map(|difference| difference.is_share.to_string()).unwrap_or_default());
            row.extend([of(|difference| difference.ci95[0]), of(|difference| difference.ci95[1])]);
            row.push(text(metric.difference.and_then(|difference| difference.p_value)));
            row.extend([
                text(metric.difference.and_then(|difference| difference.smallest)),
                metric.allowed.to_string(),
                metric.is_binding.to_string(),
            ]);
            row.push(metric.why.clone().unwrap_or_default());
            sheet.row(row);
        }
        sheet.csv()
    }

    /// What matters on top, all that is inside the noise folded away.
    fn markdown(&self) -> String {
        let (conclusion, summary) = (escaped(&self.conclusion()), escaped(&self.summary()));
        let mut text = format!("### tlsbench: {}\n\n{conclusion} {summary}\n\n", self.headline());
        let [rest @ .., noise] = Verdict::ALL;
        let rows = self.rows(&rest);
        if !rows.is_empty() {
            text.push_str(&format!("{}\n", sheet(&rows, true).markdown()));
        }
        for reason in self.reasons() {
            text.push_str(&format!("- {}\n", escaped(&reason)));
        }
        for objection in self.objections() {
            text.push_str(&format!("- not comparable: {}\n", escaped(&objection)));
        }
        let rows = self.rows(&[noise]);
        if !rows.is_empty() {
            let table = sheet(&rows, true).markdown();
            let count = rows.len();
            text.push_str(&format!("\n<details><summary>{count} inside the noise</summary>\n\n{table}\n</details>\n"));
        }
        if let Some(line) = self.equal() {
            text.push_str(&format!("\n{line}\n"));
        }
        for (name, run) in [("Baseline", &self.baseline), ("Candidate", &self.candidate)] {
            text.push_str(&format!("\n{name}: {}\n", escaped(&origin(run))));
        }
        for note in self.remarks() {
            text.push_str(&format!("\n{}.\n", escaped(&note)));
        }
        text.push_str(&format!("\n{}\n", escaped(&self.how_to_read())));
        text
    }
}

impl Comparison {
    /// What it comes to, in a few words.
    pub fn headline(&self) -> String {
        match self.outcome {
            Outcome::Regression => format!("{} worse", counted(self.counts.regressions, "metric is", "metrics are")),
            Outcome::NotComparable => "not comparable".to_owned(),
            Outcome::Passed => "nothing is worse".to_owned(),
        }
    }

    /// The verdict of a gate, or what a comparison comes to, in a sentence.
    fn conclusion(&self) -> String {
        let count = self.counts.inside_the_noise + self.counts.better + self.counts.worse + self.counts.inconclusive;
        let is_gate = self.profile.is_some();
        let word = |gate: &str, comparison: &str| if is_gate { gate.to_owned() } else { comparison.to_owned() };
        match self.outcome {
            Outcome::Regression => format!("{}: {}.", word("FAIL", "Worse"), self.regressions()),
            Outcome::NotComparable => {
                format!("{}: {}.", word("FAIL, not comparable", "Not comparable"), self.missing())
            }
            Outcome::Passed if !is_gate && self.counts.inconclusive * 2 > count => format!(
                "Inconclusive: of {}, {} can't be judged; nothing is worse among the others.",
                counted(count, "metric", "metrics"),
                self.counts.inconclusive
            ),
            Outcome::Passed => {
                let unclear = match self.counts.inconclusive {
                    0 => String::new(),
                    unclear => format!(", {unclear} inconclusive"),
                };
                format!(
                    "{}: {}, nothing worse{unclear}.",
                    word("PASS", "Compared"),
                    counted(count, "metric", "metrics")
                )
            }
        }
    }

    /// What counts as worse, by name; the first few of many.
    pub fn regressions(&self) -> String {
        let worse = self.with(Verdict::Worse);
        named(worse.into_iter().filter(|(_, metric)| metric.is_binding).map(|(case, metric)| {
            let change = metric.difference.map(|difference| format!(" {}", change(metric, &difference)));
            format!("{}{} ({})", metric.name, change.unwrap_or_default(), case.id)
        }))
    }

    /// What should count and can't be compared, by name, with the reasons.
    pub fn missing(&self) -> String {
        let objections = self.objections();
        named(objections.into_iter())
    }

    /// What the noise hides, by name.
    pub fn unclear(&self) -> String {
        named(
            self.with(Verdict::Inconclusive)
                .into_iter()
                .map(|(case, metric)| format!("{} of {}", metric.name, case.id)),
        )
    }

    fn summary(&self) -> String {
        let counts = &self.counts;
        let told = counts.worse - counts.regressions;
        let parts = [
            (counts.regressions, "worse"),
            (told, "worse without failing the gate"),
            (counts.better, "better"),
            (counts.inside_the_noise, "inside the noise"),
            (counts.inconclusive, "inconclusive"),
            (counts.not_comparable, "not comparable"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let all = if parts.is_empty() { "no metric in common".to_owned() } else { parts.join(", ") };
        format!("In all: {all}.")
    }

    /// What differs between the two, once each.
    fn remarks(&self) -> Vec<String> {
        let mut of_cases: Vec<&String> = Vec::new();
        for note in self.cases.iter().flat_map(|case| &case.notes) {
            if !of_cases.contains(&note) && !self.notes.contains(note) {
                of_cases.push(note);
            }
        }
        let of_cases = of_cases.into_iter().map(|note| format!("{note}{}", self.place_of(note)));
        self.notes.iter().cloned().chain(of_cases).map(|remark| format!("Differs: {remark}")).collect()
    }

    /// Where a note belongs that is not about all cases.
    fn place_of(&self, note: &String) -> String {
        let ids: Vec<&str> =
            self.cases.iter().filter(|case| case.notes.contains(note)).map(|case| case.id.as_str()).collect();
        match ids[..] {
            [] => String::new(),
            _ if ids.len() == self.cases.len() => String::new(),
            [id] => format!(" (in {id})"),
            [id, ..] => format!(" (in {id} and {} more)", ids.len() - 1),
        }
    }

    /// Counts that are equal are not listed one by one.
    fn equal(&self) -> Option<String> {
        let noise = self.with(Verdict::InsideTheNoise);
        let equal: Vec<&Metric> =
            noise.into_iter().map(|(_, metric)| metric).filter(|metric| is_equal(metric)).collect();
        let mut names: Vec<&str> = equal.iter().map(|metric| name_of(&metric.name)).collect();
        names.sort_unstable();
        names.dedup();
        let count = counted(equal.len(), "count is", "counts are");
        (!equal.is_empty()).then(|| format!("{count} equal: {}.", names.join(", ")))
    }

    fn how_to_read(&self) -> String {
        let how = if self.interleaved {
            "Both ran in turns and are compared pair by pair: a change is the median of the pairs' changes, which the medians \
             beside it, of all blocks, need not show"
        } else {
            "What a whole run has in common, such as a machine that was slower meanwhile, can't be told from one run each: \
             `tlsbench gate --against` runs two builds in turns"
        };
        let slack = match (&self.profile, self.noise_threshold) {
            (Some(profile), _) => format!("beyond what {profile} allows"),
            (None, threshold) => {
                let share = format_quantity(threshold.unwrap_or(0.0), "ratio");
                format!("beyond {share}, or for a count that does not vary at all")
            }
        };
        let confidence = format_quantity(self.confidence_level, "ratio");
        format!(
            "{how}. A verdict is surer than {confidence} for all metrics together, and {slack}; intervals are {confidence} each."
        )
    }

    /// Metrics of these verdicts that have numbers.
    fn rows(&self, verdicts: &[Verdict]) -> Vec<(&Case, &Metric)> {
        let mut rows = Vec::new();
        for verdict in verdicts.iter().filter(|verdict| **verdict != Verdict::NotComparable) {
            let mut found = self.with(*verdict);
            found.retain(|(_, metric)| !is_equal(metric));
            rows.extend(found);
        }
        rows
    }

    /// Why verdicts are what they are, where the numbers do not say it: each reason once.
    fn reasons(&self) -> Vec<String> {
        let told = Verdict::ALL.iter().filter(|verdict| **verdict != Verdict::NotComparable);
        let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
        for (case, metric) in told.flat_map(|verdict| self.with(*verdict)) {
            let Some(why) = metric.why.as_deref() else { continue };
            let name = format!("{} of {}", metric.name, case.id);
            match groups.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => groups.push((why, vec![name])),
            }
        }
        groups.into_iter().map(|(why, names)| format!("{}: {why}.", named(names.into_iter()))).collect()
    }

    /// What can't be compared, by case and reason.
    fn objections(&self) -> Vec<String> {
        let mut groups: Vec<(String, &str, Vec<&str>)> = Vec::new();
        for (case, metric) in self.with(Verdict::NotComparable) {
            let why = metric.why.clone().unwrap_or_default();
            match groups.iter_mut().find(|(known, id, _)| *known == why && *id == case.id) {
                Some((_, _, names)) => names.push(&metric.name),
                None => groups.push((why, &case.id, vec![&metric.name])),
            }
        }
        let listed = |names: &[&str]| match names.len().checked_sub(NAMED) {
            None | Some(0) => names.join(" "),
            Some(more) => format!("{} and {more} more", names[..NAMED].join(" ")),
        };
        groups.into_iter().map(|(why, id, names)| format!("{id} {}: {why}", listed(&names))).collect()
    }
}

/// A line for each, broken where the terminal ends.
fn paragraphs(lines: &[String], view: &View) -> String {
    lines.iter().map(|line| view.wrapped(line) + "\n").collect()
}

/// Whether it is a count that does not vary, and is what it was.
fn is_equal(metric: &Metric) -> bool {
    let is_nothing = |difference: &Difference| difference.change == 0.0 && difference.ci95 == [0.0; 2];
    metric.verdict == Verdict::InsideTheNoise && metric.difference.as_ref().is_some_and(is_nothing)
}

fn named(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let more = if all.len() > NAMED { format!("; and {} more", all.len() - NAMED) } else { String::new() };
    format!("{}{more}", all[..all.len().min(NAMED)].join("; "))
}

fn origin(run: &Run) -> String {
    let commit = run.git_commit.as_ref().map(|commit| format!(" ({commit})")).unwrap_or_default();
    let partial = if run.partial { ", partial" } else { "" };
    format!("{}, {}, tlsbench {}{commit}{partial}", run.name, run.started_at, run.version)
}
