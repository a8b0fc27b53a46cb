//! A line for each metric, and what stands in it.

use crate::render::groups::grouped;
use crate::render::{Align, Sheet, View};
use crate::schema::comparison::{Case, Difference, Metric, Verdict};
use crate::units::{format_quantity, significant};

/// A column: its heading, how it is aligned, and how soon it gives way where there is no room.
type Column = (&'static str, Align, u8);

/// The columns, in their order. What has the highest number goes first; what has 0 stays.
const COLUMNS: [Column; 8] = [
    ("verdict", Align::Left, 0),
    ("change", Align::Right, 0),
    ("interval", Align::Left, 2),
    ("baseline", Align::Right, 1),
    ("candidate", Align::Right, 1),
    ("could show", Align::Right, 3),
    ("metric", Align::Left, 0),
    ("case", Align::Left, LAST),
];

/// What gives way first.
const LAST: u8 = 4;

/// All columns, for a report.
pub(super) fn sheet(rows: &[(&Case, &Metric)], is_markdown: bool) -> Sheet {
    chosen(rows, LAST, is_markdown)
}

/// Aligned lines: whole ones where there is no terminal, else as many columns as fit, with the cases above their metrics.
pub(super) fn listing(rows: &[(&Case, &Metric)], view: &View) -> String {
    let Some(width) = view.terminal else { return sheet(rows, false).plain() };
    match (0..=LAST).rev().find(|last| chosen(rows, *last, false).width() <= width) {
        Some(LAST) => sheet(rows, false).plain(),
        last => by_case(rows, last.unwrap_or(0)),
    }
}

/// The metrics of each case below its name.
fn by_case(rows: &[(&Case, &Metric)], last: u8) -> String {
    let groups = grouped(rows.iter().map(|row| (row.0.id.as_str(), *row)));
    let order: Vec<(&Case, &Metric)> = groups.iter().flat_map(|(_, rows)| rows.iter().copied()).collect();
    let text = chosen(&order, last, false).plain();
    let mut lines = text.lines();
    let mut text = lines.next().unwrap_or_default().to_owned() + "\n";
    for (id, rows) in groups {
        text.push_str(&format!("{id}\n"));
        lines.by_ref().take(rows.len()).for_each(|line| text.push_str(&format!("{line}\n")));
    }
    text
}

/// The columns that give way no sooner than `last`.
fn chosen(rows: &[(&Case, &Metric)], last: u8, is_markdown: bool) -> Sheet {
    let is_chosen = |place: usize| COLUMNS[place].2 <= last;
    let mut sheet =
        Sheet::new(COLUMNS.iter().filter(|column| column.2 <= last).map(|(name, align, _)| (*name, *align)));
    for (case, metric) in rows {
        let cells = cells(case, metric, is_markdown).into_iter().enumerate();
        sheet.row(cells.filter(|(place, _)| is_chosen(*place)).map(|(_, cell)| cell).collect());
    }
    sheet
}

fn cells(case: &Case, metric: &Metric, is_markdown: bool) -> [String; COLUMNS.len()] {
    let number = |number: Option<f64>| number.map(|number| format_quantity(number, &metric.unit)).unwrap_or_default();
    let verdict = metric.verdict.word();
    let verdict = match (metric.verdict, metric.is_binding) {
        (Verdict::Worse, false) => format!("{verdict}-told"),
        (Verdict::Worse, true) if is_markdown => format!("**{verdict}**"),
        _ => verdict.to_owned(),
    };
    let [change, interval, smallest] = match &metric.difference {
        None => Default::default(),
        Some(difference) => [change(metric, difference), interval(difference), smallest(metric, difference)],
    };
    let (baseline, candidate) = (number(metric.baseline), number(metric.candidate));
    [verdict, change, interval, baseline, candidate, smallest, metric.name.clone(), case.id.clone()]
}

/// The change as a share where there is one, else in the unit of the metric.
pub(super) fn change(metric: &Metric, difference: &Difference) -> String {
    match (difference.is_share, metric.baseline) {
        (true, _) => format!("{:+.1} %", difference.change * 100.0),
        (false, Some(baseline)) if baseline != 0.0 && difference.change != 0.0 => {
            format!("{} {:+.1} %", signed(difference.change), difference.change / baseline.abs() * 100.0)
        }
        _ => signed(difference.change),
    }
}

/// Counts that do not vary have none.
fn interval(difference: &Difference) -> String {
    let [low, high] = difference.ci95;
    if difference.is_share {
        format!("[{:+.1}, {:+.1}]", low * 100.0, high * 100.0)
    } else if difference.p_value.is_none() && low == high {
        String::new()
    } else {
        format!("[{}, {}]", signed(low), signed(high))
    }
}

fn smallest(metric: &Metric, difference: &Difference) -> String {
    match (difference.smallest, difference.p_value) {
        (None, _) => "nothing".to_owned(),
        (Some(smallest), _) if difference.is_share => format!("{:.1} %", smallest * 100.0),
        (Some(0.0), None) => "any".to_owned(),
        (Some(smallest), _) => format_quantity(smallest, &metric.unit),
    }
}

fn signed(value: f64) -> String {
    let text = significant(value.abs());
    let is_nothing = text.chars().all(|letter| letter == '0' || letter == '.');
    match value {
        _ if is_nothing => "0".to_owned(),
        value if value < 0.0 => format!("-{text}"),
        _ => format!("+{text}"),
    }
}

/// Text of files and programs, which Markdown would take for more.
pub(super) fn escaped(text: &str) -> String {
    let escape = |letter: char| match letter {
        '<' => "&lt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '|' | '`' | '*' | '_' | '[' | ']' | '\\' => format!("\\{letter}"),
        '\n' | '\r' => " ".to_owned(),
        letter => letter.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Colors the verdicts.
pub(super) fn paint(text: &str, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let painted = |line: &str| {
        let color = match line.split_whitespace().next() {
            Some("worse") => "\x1b[1;31m",
            Some("worse-told") => "\x1b[33m",
            Some("better") => "\x1b[32m",
            _ => return line.to_owned(),
        };
        let end = line.find(' ').unwrap_or(line.len());
        format!("{color}{}\x1b[0m{}", &line[..end], &line[end..])
    };
    text.lines().map(painted).collect::<Vec<_>>().join("\n") + "\n"
}
