use serde_json::Value;

use super::document::host_line;
use super::effects::{Effect, sentences};
use super::{Align, Report, Sheet, View};
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Document, Kind, Metric, Side, key};
use crate::units::{format_quantity, significant};

/// The results of `ablate`: switches down, measures across. As a document they are what all results are.
pub struct AblationTable<'a>(pub &'a Document);

/// Where results have several workloads, what is told of each beside what is measured of one alone.
const FINER: [&Quantity; 5] = [
    &quantity::HEAP_BYTES_PER_HANDSHAKE,
    &quantity::PEAK_BYTES_PER_CONNECTION,
    &quantity::ROUND_TRIP_P90_NS,
    &quantity::TURNS_PER_MESSAGE,
    &quantity::COPIED_BYTES_PER_BYTE,
];
/// Of messages in several sizes the first and the last are told, of each of them less than of one alone.
const MESSAGES: &str = "small-";
/// What stands where a switch is not on the path of a workload.
const NOT_ON_PATH: &str = "n/a";
/// What the signs in the table mean.
const LEGEND: &str = "The change where the switch is on, in the full set (all) and in a plain engine (none). Less is better: ✓ helps, \
                      ✗ hurts, ~ inside the noise.";
/// What the numbers mean.
const HOW_TO_READ: &str = "Each number is the change where the switch is on: within the full set (all), and added to the empty one \
                           (none). Less is better: ✓ helps, ✗ hurts. Percentages are followed by half of their 95 % interval.\n\
                           <X ~: inside the noise. X is the smallest change that this run could have shown: what equals differed by \
                           (the last row), twice the interval, or 1.5 %, by which two starts of the program differ (scale: 3 %, two \
                           sets of clients).\n\
                           n/a: the switch is not on the path of the workload. More measures: --json, --format csv, or one \
                           --workload alone.";
const BASES: [(&str, &str); 2] = [("full", "all"), ("empty", "none")];

/// A measure of a workload.
#[derive(Clone, Copy, PartialEq)]
struct Column<'a> {
    workload: &'a str,
    side: Side,
    quantity: &'static Quantity,
}

impl Report for AblationTable<'_> {
    fn table(&self, view: &View) -> String {
        let mut lines = self.conclusions();
        lines.push(String::new());
        let mut text: String = lines.iter().map(|line| view.wrapped(line) + "\n").collect();
        text.extend(self.sheets(view.width()).iter().map(|sheet| sheet.table(view) + "\n"));
        let mut notes = vec![LEGEND.to_owned()];
        notes.extend(self.notes(view.is_verbose));
        text.extend(notes.iter().map(|line| view.wrapped(line) + "\n"));
        text
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        let sheets: Vec<String> = self.sheets(usize::MAX).iter().map(Sheet::markdown).collect();
        let mut text = sheets.join("\n");
        for line in self.notes(true) {
            text.push_str(&format!("\n{line}\n"));
        }
        for warning in &self.0.warnings {
            text.push_str(&format!("\n> **Warning:** {}; {}\n", warning.message, warning.advice));
        }
        text
    }
}

impl AblationTable<'_> {
    /// The table, below each other the parts that are not wider than that, each with the same rows.
    fn sheets(&self, width: usize) -> Vec<Sheet> {
        let columns = self.columns();
        let rows = self.rows();
        let mut sheets = Vec::new();
        let mut rest = &columns[..];
        if rest.is_empty() {
            sheets.push(self.sheet(rest, &rows));
        }
        while !rest.is_empty() {
            let fits = |count: &usize| self.sheet(&rest[..*count], &rows).width() <= width;
            let count = (2..=rest.len()).take_while(fits).last().unwrap_or(1);
            sheets.push(self.sheet(&rest[..count], &rows));
            rest = &rest[count..];
        }
        sheets
    }

    fn sheet(&self, columns: &[Column], rows: &[(&str, &str)]) -> Sheet {
        let headings: Vec<String> = columns.iter().map(heading).collect();
        let headings = headings.iter().map(|text| (text.as_str(), Align::Right));
        let mut sheet = Sheet::new([("switch", Align::Left), ("in", Align::Left)].into_iter().chain(headings));
        for row in rows {
            let cells: Vec<[String; 2]> = columns.iter().map(|column| self.cell(row, column)).collect();
            if cells.iter().flatten().all(|cell| cell == NOT_ON_PATH) {
                continue;
            }
            let name = [format!("{}\n{}", row.0, row.1), BASES.map(|(_, name)| name).join("\n")];
            sheet.row(name.into_iter().chain(cells.iter().map(|cell| cell.join("\n"))).collect());
        }
        if self.0.cases.iter().any(is_of_equals) {
            let cells = columns.iter().map(|column| self.noise(column).join("\n"));
            let name = ["nothing\n(noise)".to_owned(), BASES.map(|(_, name)| name).join("\n")];
            sheet.row(name.into_iter().chain(cells).collect());
        }
        sheet
    }

    /// What each switch is worth within the full set.
    fn conclusions(&self) -> Vec<String> {
        let columns = self.columns();
        let effects = |row: &(&str, &str)| -> Vec<Effect> {
            columns.iter().filter_map(|column| self.effect_in_full_set(row, column)).collect()
        };
        let switches: Vec<_> = self.rows().into_iter().map(|row| (row, effects(&row))).collect();
        sentences(&switches)
    }

    fn effect_in_full_set(&self, row: &(&str, &str), column: &Column) -> Option<Effect> {
        let case = self.case(column, BASES[0].0, |case| row_of(case) == Some(*row))?;
        let change = change(case, column)?;
        let verdict = verdict(case, column)?;
        Some(Effect {
            side: column.side,
            quantity: column.quantity,
            is_resumed: column.workload == "resumed",
            change: change.median,
            is_real: verdict == "helps" || verdict == "hurts",
        })
    }

    /// What the switch changes in each base.
    fn cell(&self, row: &(&str, &str), column: &Column) -> [String; 2] {
        BASES.map(|(base, _)| {
            let case = self.case(column, base, |case| row_of(case) == Some(*row));
            case.map_or_else(|| NOT_ON_PATH.to_owned(), |case| effect(case, column))
        })
    }

    /// What equals differ by in each base.
    fn noise(&self, column: &Column) -> [String; 2] {
        BASES.map(|(base, _)| {
            let noise = |case: &Case| {
                let [low, high] = change(case, column)?.ci95;
                Some(format!("±{}", amount(low.abs().max(high.abs()), column.quantity)))
            };
            self.case(column, base, is_of_equals).and_then(noise).unwrap_or_else(|| NOT_ON_PATH.to_owned())
        })
    }

    fn case(&self, column: &Column, base: &str, is_it: impl Fn(&Case) -> bool) -> Option<&Case> {
        let is_here = |case: &&Case| {
            fact(case, "workload") == Some(column.workload) && fact(case, "base") == Some(base) && is_it(case)
        };
        self.0.cases.iter().find(is_here)
    }

    /// The switches, each with its values.
    fn rows(&self) -> Vec<(&str, &str)> {
        let mut rows = Vec::new();
        for row in self.0.cases.iter().filter_map(row_of) {
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        rows
    }

    /// The measures that some case has, workload by workload. Of several workloads the most telling ones.
    fn columns(&self) -> Vec<Column<'_>> {
        let mut workloads: Vec<&str> = Vec::new();
        for workload in self.0.cases.iter().filter_map(|case| fact(case, "workload")) {
            if !workloads.contains(&workload) {
                workloads.push(workload);
            }
        }
        let is_message = |workload: &&str| workload.starts_with(MESSAGES);
        let is_alone = workloads.len() == 1;
        let (first, last) = (workloads.iter().copied().find(is_message), workloads.iter().copied().rfind(is_message));
        let is_told = |workload: &str, quantity: &Quantity| {
            let is_finer = FINER.contains(&quantity)
                || (is_message(&workload)
                    && [&quantity::SYSCALLS_PER_MESSAGE, &quantity::CPU_NS_PER_MESSAGE].contains(&quantity));
            is_alone || (!is_finer && (!is_message(&workload) || [first, last].contains(&Some(workload))))
        };
        let mut columns = Vec::new();
        for workload in workloads.iter().copied() {
            for quantity in quantity::ALL.iter().copied().filter(|quantity| !quantity.is_detail()) {
                for side in Side::ALL {
                    let is_measured =
                        |case: &Case| fact(case, "workload") == Some(workload) && case.metric(side, quantity).is_some();
                    if self.0.cases.iter().any(is_measured) && is_told(workload, quantity) {
                        columns.push(Column { workload, side, quantity });
                    }
                }
            }
        }
        columns
    }

    fn notes(&self, is_whole: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if is_whole {
            notes.push(HOW_TO_READ.to_owned());
            notes.extend(self.reasons());
        }
        notes.push(host_line(&self.0.host));
        if self.0.partial {
            notes.push("Interrupted: these results are partial.".to_owned());
        }
        notes
    }

    /// Why switches are not on the paths of workloads, each reason once.
    fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for case in &self.0.cases {
            let why = case.achieved.get("why_not").and_then(|why| why.as_str());
            let (Some(why), Some(switch), Some(workload)) = (why, fact(case, "switch"), fact(case, "workload")) else {
                continue;
            };
            match reasons.iter_mut().find(|(known, reason, _)| (*known, *reason) == (switch, why)) {
                Some((.., workloads)) if workloads.contains(&workload) => {}
                Some((.., workloads)) => workloads.push(workload),
                None => reasons.push((switch, why, vec![workload])),
            }
        }
        let line = |(switch, why, workloads): (&str, &str, Vec<&str>)| {
            format!("n/a: {switch} in {}: {why}.", workloads.join(", "))
        };
        reasons.into_iter().map(|(switch, why, workloads)| line((switch, why, workloads))).collect()
    }
}

/// Three short lines: the workload, the side, and the quantity.
fn heading(Column { workload, side, quantity }: &Column) -> String {
    let side = if quantity.name.starts_with(quantity::ROUND_TRIP_NS.name.trim_end_matches("_ns")) {
        "round trip"
    } else {
        side.name()
    };
    format!("{workload}\n{side}\n{}", quantity.heading)
}

/// The switch of a case, and its value.
fn row_of(case: &Case) -> Option<(&str, &str)> {
    Some((fact(case, "switch")?, fact(case, "value")?))
}

/// Whether equals are compared in it.
fn is_of_equals(case: &Case) -> bool {
    row_of(case).is_none() && !case.metrics.is_empty()
}

fn fact<'a>(case: &'a Case, name: &str) -> Option<&'a str> {
    case.requested.get(name)?.as_str()
}

fn change<'a>(case: &'a Case, column: &Column) -> Option<&'a Metric> {
    case.metrics.get(&format!("{}_effect", key(column.side, column.quantity)))
}

/// What was found out about an effect.
fn found<'a>(case: &'a Case, column: &Column, fact: &str) -> Option<&'a Value> {
    let name = key(column.side, column.quantity).replace('.', "_");
    case.achieved.get(&format!("{name}_{fact}"))
}

fn verdict<'a>(case: &'a Case, column: &Column) -> Option<&'a str> {
    found(case, column, "verdict")?.as_str()
}

fn effect(case: &Case, column: &Column) -> String {
    let Some(change) = change(case, column) else { return NOT_ON_PATH.to_owned() };
    match verdict(case, column) {
        Some("helps") => format!("{} ✓", signed(change, column.quantity)),
        Some("hurts") => format!("{} ✗", signed(change, column.quantity)),
        _ => {
            let smallest = found(case, column, "smallest_effect").and_then(Value::as_f64).unwrap_or(0.0);
            let is_equal = change.unit != "ratio" && change.ci95 == [0.0; 2];
            if is_equal || smallest == 0.0 {
                "0 ~".to_owned()
            } else {
                format!("<{} ~", amount(smallest, column.quantity))
            }
        }
    }
}

/// With its sign, and for times with half of its interval.
fn signed(change: &Metric, quantity: &Quantity) -> String {
    let sign = if change.median > 0.0 { "+" } else { "-" };
    let text = amount(change.median.abs(), quantity);
    match quantity.kind {
        Kind::Count => format!("{sign}{text}"),
        Kind::Time => {
            let half = amount((change.ci95[1] - change.ci95[0]) / 2.0, quantity);
            format!("{sign}{} ±{half}", text.trim_end_matches('%'))
        }
    }
}

/// Short: a share without a blank, and without digits that nobody needs.
fn amount(value: f64, quantity: &Quantity) -> String {
    match quantity.kind {
        Kind::Time if value >= 1.0 => format!("{}%", significant((value * 100.0).round())),
        Kind::Time => format!("{:.1}%", value * 100.0),
        Kind::Count if quantity.unit.is_empty() && value.fract() == 0.0 => format!("{value:.0}"),
        Kind::Count => format_quantity(value, quantity.unit),
    }
}
