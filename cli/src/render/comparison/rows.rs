//! A line for each metric, and what stands in it.

use crate::render::{Align, Sheet};
use crate::schema::comparison::{Case, Difference, Metric, Verdict};
use crate::units::{format_quantity, significant};

pub(super) fn sheet(rows: &[(&Case, &Metric)], is_markdown: bool) -> Sheet {
    let columns = [
        ("verdict", Align::Left),
        ("change", Align::Right),
        ("interval", Align::Left),
        ("baseline", Align::Right),
        ("candidate", Align::Right),
        ("could show", Align::Right),
        ("metric", Align::Left),
        ("case", Align::Left),
    ];
    let mut sheet = Sheet::new(columns);
    for (case, metric) in rows {
        let number =
            |number: Option<f64>| number.map(|number| format_quantity(number, &metric.unit)).unwrap_or_default();
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
        sheet.row(vec![
            verdict,
            change,
            interval,
            number(metric.baseline),
            number(metric.candidate),
            smallest,
            metric.name.clone(),
            case.id.clone(),
        ]);
    }
    sheet
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
