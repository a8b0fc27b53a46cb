use super::document::host_line;
use super::{Align, Report, Sheet};
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Document, Metric, Side, key};
use crate::units::format_quantity;

/// The results of `ablate`: switches down, measures across. As a document they are what all results are.
pub struct AblationTable<'a>(pub &'a Document);

/// A measure of a workload.
type Column<'a> = (&'a str, Side, &'static Quantity);

impl Report for AblationTable<'_> {
    fn table(&self, color: bool) -> String {
        let columns = self.columns();
        let wide = self.sheet(&columns);
        let is_too_wide = Sheet::terminal_width().is_some_and(|width| wide.width() > width);
        let mut text = if is_too_wide {
            let workloads = columns.chunk_by(|left, right| left.0 == right.0);
            workloads.map(|columns| self.sheet(columns).table(color)).collect()
        } else {
            wide.table(color)
        };
        for line in self.notes() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn json(&self) -> serde_json::Result<String> {
        self.0.json()
    }

    fn csv(&self) -> String {
        self.0.csv()
    }

    fn markdown(&self) -> String {
        let mut text = self.sheet(&self.columns()).markdown();
        for line in self.notes() {
            text.push_str(&format!("\n{line}\n"));
        }
        for warning in &self.0.warnings {
            text.push_str(&format!("\n> **Warning:** {}; {}\n", warning.message, warning.advice));
        }
        text
    }
}

impl AblationTable<'_> {
    fn sheet(&self, columns: &[Column]) -> Sheet {
        let heading = |(workload, side, quantity): &Column| format!("{workload}\n{} {}", side.name(), quantity.heading);
        let headings: Vec<String> = columns.iter().map(heading).collect();
        let headings = headings.iter().map(|text| (text.as_str(), Align::Right));
        let mut sheet = Sheet::new([("switch", Align::Left), ("in", Align::Left)].into_iter().chain(headings));
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for case in &self.0.cases {
            let Some(row) = row_of(case) else { continue };
            if seen.contains(&row) {
                continue;
            }
            seen.push(row);
            let cells = columns.iter().map(|column| self.cell(row, column));
            let name = [format!("{}\n{}", row.0, row.1), "all\nnone".to_owned()];
            sheet.row(name.into_iter().chain(cells).collect());
        }
        sheet
    }

    /// Both bases, one below the other.
    fn cell(&self, row: (&str, &str), (workload, side, quantity): &Column) -> String {
        let case = |base: &str| {
            let is_it = |case: &&Case| {
                row_of(case) == Some(row)
                    && fact(case, "workload") == Some(workload)
                    && fact(case, "base") == Some(base)
            };
            self.0.cases.iter().find(is_it)
        };
        let line = |base: &str| case(base).map_or_else(|| "n/a".to_owned(), |case| effect(case, *side, quantity));
        let lines = ["full", "empty"].map(line);
        lines.join("\n")
    }

    /// The measures that some case has.
    fn columns(&self) -> Vec<Column<'_>> {
        let mut columns: Vec<Column> = Vec::new();
        for case in &self.0.cases {
            let Some(workload) = fact(case, "workload") else { continue };
            for quantity in quantity::ALL.iter().copied().filter(|quantity| !quantity::DETAILS.contains(quantity)) {
                for side in Side::ALL {
                    let column = (workload, side, quantity);
                    if case.metric(side, quantity).is_some() && !columns.contains(&column) {
                        columns.push(column);
                    }
                }
            }
        }
        columns
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Each change is that of the measure where the switch is on: within the full set (all), and added to the empty one \
             (none). Less is better."
                .to_owned(),
            "noise < X: inside the noise; X is the smallest change that this run could have shown. n/a: the switch is not on the \
             path of the workload."
                .to_owned(),
        ];
        notes.push(host_line(&self.0.host));
        if self.0.partial {
            notes.push("Interrupted: these results are partial.".to_owned());
        }
        notes
    }
}

/// The switch of a case, and its value.
fn row_of(case: &Case) -> Option<(&str, &str)> {
    Some((fact(case, "switch")?, fact(case, "value")?))
}

fn fact<'a>(case: &'a Case, name: &str) -> Option<&'a str> {
    case.requested.get(name)?.as_str()
}

fn effect(case: &Case, side: Side, quantity: &Quantity) -> String {
    let name = key(side, quantity);
    let Some(change) = case.metrics.get(&format!("{name}_effect")) else { return "n/a".to_owned() };
    let achieved = |fact: &str| case.achieved.get(&format!("{}_{fact}", name.replace('.', "_")));
    match achieved("verdict").and_then(|verdict| verdict.as_str()) {
        Some("helps") => format!("{} helps", signed(change)),
        Some("hurts") => format!("{} hurts", signed(change)),
        _ => {
            let smallest = achieved("smallest_effect").and_then(|value| value.as_f64()).unwrap_or(0.0);
            if smallest == 0.0 {
                "0".to_owned()
            } else {
                format!("noise < {}", format_quantity(smallest, &change.unit))
            }
        }
    }
}

/// With its sign, and for times with half of its interval.
fn signed(change: &Metric) -> String {
    let sign = if change.median > 0.0 { "+" } else { "" };
    let text = format!("{sign}{}", format_quantity(change.median, &change.unit));
    if change.unit != "ratio" {
        return text;
    }
    format!("{text} ±{:.1}", (change.ci95[1] - change.ci95[0]) / 2.0 * 100.0)
}
