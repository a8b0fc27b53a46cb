use super::labels::labels;
use super::sparkline::sparkline;
use super::{Align, Report, Sheet, View};
use crate::schema::history::{Change, History, Run, Series};
use crate::schema::{Better, Kind};
use crate::units::{counted, format_quantity};

/// Up to this many series are shown run by run.
const FEW: usize = 3;

impl Report for History {
    fn table(&self, view: &View) -> String {
        let text = format!("{}\n\n{}", self.conclusion(), self.text(|sheets| fitting(sheets, view), "", ""));
        view.wrapped(&text)
    }

    fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }

    /// One line per run of each series, with raw numbers.
    fn csv(&self) -> String {
        const TEXT: [&str; 8] = ["case", "metric", "unit", "series", "file", "started_at", "git_commit", "partial"];
        const NUMBERS: [&str; 7] =
            ["median", "ci95_low", "ci95_high", "samples", "change", "change_low", "change_high"];
        let columns = TEXT.map(|name| (name, Align::Left)).into_iter().chain(NUMBERS.map(|name| (name, Align::Right)));
        let mut sheet = Sheet::new(columns);
        for (number, series) in self.series.iter().enumerate() {
            for (index, run) in series.runs.iter().enumerate() {
                let mut row = vec![series.case.clone(), series.metric.clone(), series.unit.clone(), number.to_string()];
                row.extend([run.file.clone(), run.started_at.clone(), run.git_commit.clone().unwrap_or_default()]);
                row.extend([run.partial.to_string(), run.median.to_string()]);
                row.extend(run.ci95.map(|end| end.to_string()));
                row.push(run.samples.to_string());
                let change =
                    change_at(series, index).map(|change| [change.change, change.interval[0], change.interval[1]]);
                row.extend(change.map_or_else(Default::default, |numbers| numbers.map(|number| number.to_string())));
                sheet.row(row);
            }
        }
        sheet.csv()
    }

    fn markdown(&self) -> String {
        self.text(|[whole, _]| whole.markdown(), "### ", "\n")
    }
}

impl History {
    fn text(&self, sheet: impl Fn(&[Sheet; 2]) -> String, heading: &str, between: &str) -> String {
        let mut text = String::new();
        if self.series.len() <= FEW {
            for series in &self.series {
                text.push_str(&format!("{heading}{} {}\n{between}", series.case, series.metric));
                for line in remarks(series) {
                    text.push_str(&format!("{line}\n{between}"));
                }
                text.push_str(&format!("{}\n", sheet(&[true, false].map(|is_whole| runs(series, is_whole)))));
            }
        } else {
            text.push_str(&format!("{}\n", sheet(&[true, false].map(|is_whole| overview(&self.repeated(), is_whole)))));
        }
        for line in self.notes() {
            text.push_str(&format!("{line}\n{between}"));
        }
        text
    }

    /// What changed, in a sentence.
    fn conclusion(&self) -> String {
        let changed: Vec<(&Series, &Change)> =
            self.series.iter().filter_map(|series| Some((series, series.changes.last()?))).collect();
        let runs = self.series.iter().map(|series| series.runs.len()).max().unwrap_or(0);
        let looked_at =
            format!("{} of up to {}", counted(self.series.len(), "series", "series"), counted(runs, "run", "runs"));
        let Some((series, change)) = changed.first() else { return format!("No change found in {looked_at}.") };
        let more = match changed.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        format!(
            "{} of {looked_at} changed: {} {} at {} ({}){more}.",
            changed.len(),
            series.metric,
            told(change, series),
            change.file,
            series.case
        )
    }

    /// The series of several runs; all, where none has more than one.
    fn repeated(&self) -> Vec<&Series> {
        let repeated: Vec<&Series> = self.series.iter().filter(|series| series.runs.len() > 1).collect();
        if repeated.is_empty() { self.series.iter().collect() } else { repeated }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.series.len() > FEW {
            let apart: Vec<&Series> = self.series.iter().filter(|series| !series.differs.is_empty()).collect();
            if let Some(series) = apart.first() {
                let mut reasons: Vec<&str> =
                    apart.iter().flat_map(|series| &series.differs).map(String::as_str).collect();
                reasons.sort_unstable();
                reasons.dedup();
                let first = reasons.iter().take(3).copied().collect::<Vec<_>>().join("; ");
                notes.push(format!(
                    "{} series {} of runs that can't be joined with the latest ({first}), such as {} {}.",
                    apart.len(),
                    are(apart.len()),
                    series.case,
                    series.metric
                ));
            }
            let mut remarks: Vec<&str> =
                self.series.iter().flat_map(|series| &series.notes).map(String::as_str).collect();
            remarks.sort_unstable();
            remarks.dedup();
            notes.extend(remarks.iter().map(|remark| format!("Differs among runs: {remark}.")));
            let single = self.series.len() - self.repeated().len();
            if single > 0 {
                notes.push(format!("{single} series of a single run {} not shown.", are(single)));
            }
            if let Some(needed) = self.series.iter().filter_map(|series| series.runs_needed).max() {
                let few = self.series.iter().filter(|series| series.runs_needed.is_some()).count();
                notes.push(format!(
                    "{few} series {} short: where one of so many changes alone, it takes {needed} runs to tell that from chance. \
                     --case and --metric look at fewer.",
                    are(few)
                ));
            }
        }
        let together = if self.series.len() > 1 {
            format!(" for all {} series together", self.series.len())
        } else {
            String::new()
        };
        notes.push(format!(
            "A change is marked where it is surer than {}{together}, and beyond {} of a time.",
            format_quantity(self.confidence_level, "ratio"),
            format_quantity(self.noise_threshold, "ratio")
        ));
        notes
    }
}

/// The whole table where it fits, or was asked for; else the short one.
fn fitting([whole, short]: &[Sheet; 2], view: &View) -> String {
    if view.fits(whole.width()) { whole.table(view) } else { short.table(view) }
}

const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// What there is to say about a series, above its runs.
fn remarks(series: &Series) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", blocks(series), verdict(series))];
    if !series.differs.is_empty() {
        lines.push(format!("Not joined with the latest run: {}.", series.differs.join("; ")));
    }
    lines.extend(series.notes.iter().map(|note| format!("Differs among runs: {note}.")));
    lines
}

fn blocks(series: &Series) -> String {
    let medians: Vec<f64> = series.runs.iter().map(|run| run.median).collect();
    let cuts: Vec<usize> = series.changes.iter().map(|change| change.run).collect();
    sparkline(&medians, &cuts)
}

fn verdict(series: &Series) -> String {
    match (series.changes.last(), series.runs_needed) {
        (Some(change), _) => format!("{} at {}", told(change, series), change.file),
        (None, Some(needed)) => format!("{} of {needed} runs: too few to tell a change from chance", series.runs.len()),
        (None, None) => "no change".to_owned(),
    }
}

/// A row for each run; when it began, and its interval, where the table is whole.
fn runs(series: &Series, is_whole: bool) -> Sheet {
    let better = if series.better == Better::Higher { "more is better" } else { "less is better" };
    let median = format!("median\n({better})");
    let columns = [
        ("file", Align::Left),
        ("started at", Align::Left),
        ("commit", Align::Left),
        (median.as_str(), Align::Right),
        ("95 % interval", Align::Right),
        ("change", Align::Left),
    ];
    let is_chosen = |place: usize| is_whole || ![1, 4].contains(&place);
    let chosen = columns.into_iter().enumerate().filter(|(place, _)| is_chosen(*place));
    let mut sheet = Sheet::new(chosen.map(|(_, column)| column));
    for (index, run) in series.runs.iter().enumerate() {
        let [low, high] = run.ci95.map(|end| format_quantity(end, &series.unit));
        let cells = [
            format!("{}{}", run.file, if run.partial { " (partial)" } else { "" }),
            run.started_at.clone(),
            run.git_commit.clone().unwrap_or_default(),
            format_quantity(run.median, &series.unit),
            format!("{low} to {high}"),
            change_at(series, index).map(|change| told(change, series)).unwrap_or_default(),
        ];
        let chosen = cells.into_iter().enumerate().filter(|(place, _)| is_chosen(*place));
        sheet.row(chosen.map(|(_, cell)| cell).collect());
    }
    sheet
}

/// A row for each series, with the whole names of their cases or with what sets them apart.
fn overview(all: &[&Series], is_whole: bool) -> Sheet {
    let short = labels(all.iter().map(|series| series.case.as_str())).own;
    let columns = [
        ("case", Align::Left),
        ("metric", Align::Left),
        ("runs", Align::Right),
        ("history", Align::Left),
        ("first", Align::Right),
        ("latest", Align::Right),
        ("last change", Align::Left),
    ];
    // Where all are of one case, the conclusion names it.
    let has_cases = is_whole || short.iter().any(|name| !name.is_empty());
    let mut sheet = Sheet::new(columns.into_iter().skip(usize::from(!has_cases)));
    for (series, short) in all.iter().zip(short) {
        let value = |run: Option<&Run>| run.map(|run| format_quantity(run.median, &series.unit)).unwrap_or_default();
        let apart = Some("not joined".to_owned()).filter(|_| !series.differs.is_empty());
        let change = series.changes.last().map(|change| format!("{} at {}", told(change, series), change.file));
        let mut row = vec![
            if is_whole { series.case.clone() } else { short },
            series.metric.clone(),
            series.runs.len().to_string(),
            blocks(series),
            value(series.runs.first()),
            value(series.runs.last()),
            apart.into_iter().chain(change).collect::<Vec<_>>().join("; "),
        ];
        sheet.row(row.split_off(usize::from(!has_cases)));
    }
    sheet
}

fn change_at(series: &Series, run: usize) -> Option<&Change> {
    series.changes.iter().find(|change| change.run == run)
}

/// A change with its interval and what it comes to.
pub(super) fn told(change: &Change, series: &Series) -> String {
    let unit = if series.kind == Kind::Time { "ratio" } else { series.unit.as_str() };
    let signed = |value: f64| {
        let text = format_quantity(value.abs(), unit);
        if value < 0.0 { format!("−{text}") } else { format!("+{text}") }
    };
    let [low, high] = change.interval.map(signed);
    let interval = if change.interval[0] == change.interval[1] { String::new() } else { format!(" [{low}, {high}]") };
    let (sign, word) = if change.is_better { ("▲", "better") } else { ("▼", "worse") };
    format!("{sign} {}{interval} {word}", signed(change.change))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Facts, Tool, history};

    fn series(medians: &[f64], changes: Vec<Change>) -> Series {
        let run = |(index, median): (usize, &f64)| Run {
            file: format!("{index}.json"),
            started_at: format!("2026-01-{:02}T00:00:00Z", index + 1),
            git_commit: Some("0123456".into()),
            partial: index == 1,
            median: *median,
            ci95: [median - 0.01, median + 0.01],
            samples: 9,
        };
        Series {
            case: "throughput/memory/send/aes128gcm/64".into(),
            metric: "send.efficiency".into(),
            unit: "ratio".into(),
            better: Better::Higher,
            kind: Kind::Time,
            setting: Facts::new(),
            differs: Vec::new(),
            notes: vec!["kernel is 6, then 7".into()],
            runs_needed: None,
            runs: medians.iter().enumerate().map(run).collect(),
            changes,
        }
    }

    fn history(series: Vec<Series>) -> History {
        let tool = Tool { version: "1.2.3".into(), ..Tool::current() };
        History { schema: history::SCHEMA.into(), tool, confidence_level: 0.95, noise_threshold: 0.01, series }
    }

    fn worse() -> Series {
        let change = Change {
            run: 2,
            file: "2.json".into(),
            before: 0.97,
            after: 0.90,
            change: -0.072,
            interval: [-0.08, -0.065],
            p_value: Some(0.001),
            is_better: false,
        };
        series(&[0.97, 0.98, 0.90], vec![change])
    }

    #[test]
    fn a_series_is_shown_run_by_run_with_its_changes() {
        let text = history(vec![worse()]).table(&View::plain());
        for part in [
            "throughput/memory/send/aes128gcm/64 send.efficiency\n",
            "▇█│▁  ▼ −7.2 % [−8.0 %, −6.5 %] worse at 2.json\n",
            "Differs among runs: kernel is 6, then 7.\n",
            "1.json (partial)",
            "89.0 % to 91.0 %",
            "surer than 95.0 %, and beyond 1.0 % of a time",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        let csv = history(vec![worse()]).csv();
        let last = csv.lines().last().expect("a line");
        assert!(
            last.ends_with(",2.json,2026-01-03T00:00:00Z,0123456,false,0.9,0.89,0.91,9,-0.072,-0.08,-0.065"),
            "{csv}"
        );
    }

    #[test]
    fn many_series_have_a_line_each() {
        let mut apart = series(&[0.5, 0.5], Vec::new());
        apart.differs = vec!["cpu_model is A, not B".into()];
        apart.runs_needed = Some(8);
        let text = history(vec![worse(), worse(), worse(), apart, series(&[0.7], Vec::new())]).markdown();
        for part in [
            "| 3 | ▇█│▁ | 97.0 % | 90.0 % | ▼ −7.2 % [−8.0 %, −6.5 %] worse at 2.json |",
            "| send.efficiency | 2 | ▅▅ | 50.0 % | 50.0 % | not joined |",
            "1 series of a single run is not shown.",
            "1 series is of runs that can't be joined with the latest (cpu_model is A, not B), such as",
            "1 series is short: where one of so many changes alone, it takes 8 runs to tell that from chance. --case and",
        ] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
    }
}
