//! The table of a work: a row for each library, the fastest first, and below them what bare cryptography reaches.

use crate::ranking::{Contest, Outcome, Place, Work};
use crate::render::document::UNAVAILABLE;
use crate::render::{Align, Sheet};
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Better, Case, Kind, Metric, Side};
use crate::units::significant;

/// How the numbers of a column are written.
struct Scale {
    heading: String,
    factor: f64,
}

/// The table. Its last column has the heap calls of each side; of memory, what is held after less data.
pub(super) fn sheet(work: &Work<'_>, contests: &[Contest<'_>]) -> Sheet {
    let scales: Vec<Scale> = contests.iter().map(|contest| scale(work, contest)).collect();
    let last = last_column(contests);
    let of_best = |contest: &Contest<'_>| if is_cost(contest) { "times\nbest" } else { "of\nbest" };
    let numbers = scales.iter().zip(contests).flat_map(|(scale, contest)| [scale.heading.as_str(), of_best(contest)]);
    let numbers = numbers.chain(last.as_ref().map(|last| last.heading.as_str()));
    let mut sheet =
        Sheet::new([("\nlibrary", Align::Left)].into_iter().chain(numbers.map(|heading| (heading, Align::Right))));
    for row in order(work, contests) {
        let cells = contests.iter().zip(&scales).flat_map(|(contest, scale)| cells(contest, row, scale));
        let last = last.as_ref().map(|last| last.cell(work.rows[row].case, contests));
        sheet.row([work.rows[row].name.clone()].into_iter().chain(cells).chain(last).collect());
    }
    if contests.iter().any(|contest| contest.ceiling.is_some()) {
        let cells = contests.iter().zip(&scales).flat_map(|(contest, scale)| ceiling_cells(contest, scale));
        let blank = last.as_ref().map(|_| String::new());
        sheet.row([ceiling_name(contests).to_owned()].into_iter().chain(cells).chain(blank).collect());
    }
    sheet
}

/// The rows: the fastest of all figures together first, those without a number last.
fn order(work: &Work<'_>, contests: &[Contest<'_>]) -> Vec<usize> {
    let speed = |row: usize| {
        let of_best = contests.iter().map(|contest| contest.places[row].map_or(0.0, |place| place.of_best));
        of_best.product::<f64>()
    };
    let mut rows: Vec<usize> = (0..work.rows.len()).collect();
    rows.sort_by(|one, other| speed(*other).total_cmp(&speed(*one)));
    rows
}

/// The number of a contest, and how it relates to the best.
fn cells(contest: &Contest<'_>, row: usize, scale: &Scale) -> [String; 2] {
    match &contest.places[row] {
        None => [UNAVAILABLE.to_owned(), String::new()],
        Some(place) => [value(place.metric, scale), relation(contest, row, place)],
    }
}

fn relation(contest: &Contest<'_>, row: usize, place: &Place<'_>) -> String {
    match &contest.outcome {
        Outcome::NoContest => String::new(),
        Outcome::First(rows) if rows[..] == [row] => "first".to_owned(),
        _ => {
            let sign = if place.is_level { "≈ " } else { "" };
            format!("{sign}{}", of_best(contest, place.of_best))
        }
    }
}

fn ceiling_cells(contest: &Contest<'_>, scale: &Scale) -> [String; 2] {
    let best = contest.places.iter().flatten().max_by(|one, other| one.of_best.total_cmp(&other.of_best));
    let (Some(ceiling), Some(best)) = (contest.ceiling, best) else { return [String::new(), String::new()] };
    let ratio = ceiling.median / best.metric.median;
    [value(ceiling, scale), of_best(contest, if is_cost(contest) { 1.0 / ratio } else { ratio })]
}

/// A speed as a share of the best one; of what costs, how many times as much it is.
fn of_best(contest: &Contest<'_>, share: f64) -> String {
    if is_cost(contest) { format!("{:.2}×", 1.0 / share) } else { format!("{:.0} %", share * 100.0) }
}

fn is_cost(contest: &Contest<'_>) -> bool {
    contest.quantity.better == Better::Lower
}

/// What the last row is of.
pub(in crate::render) fn ceiling_name(contests: &[Contest<'_>]) -> &'static str {
    match contests.first().map(|contest| contest.side) {
        Some(Side::Client | Side::Server) => "bare cryptography",
        Some(Side::Total) => "plain TCP",
        _ => "raw AEAD",
    }
}

/// The unit that suits the best number; of several connections at once each one's share.
fn scale(work: &Work<'_>, contest: &Contest<'_>) -> Scale {
    let side = if contest.side == Side::Total { "" } else { contest.side.name() };
    let best = contest.places.iter().flatten().map(|place| place.metric.median).fold(0.0, f64::max);
    let each = work.conversations() as f64;
    let (factor, unit) = match contest.quantity.unit {
        "B/s" if best / each >= 1e9 => (1e-9, "GB/s"),
        "B/s" => (1e-6, "MB/s"),
        "ns" => (1e-3, "µs"),
        "us" => (1.0, "µs"),
        "B" => (1e-3, "kB"),
        other => (1.0, other),
    };
    match contest.quantity.unit == "B/s" && each > 1.0 {
        true => Scale { heading: format!("{side} {unit}\nper thread"), factor: factor / each },
        false => Scale { heading: format!("{side}\n{unit}"), factor },
    }
}

/// The median, of times with half of the width of its interval as a share of it.
fn value(metric: &Metric, scale: &Scale) -> String {
    let half = (metric.ci95[1] - metric.ci95[0]) / 2.0 / metric.median.abs();
    let text = significant(metric.median * scale.factor);
    let is_sure = metric.samples.len() < 2 || metric.kind == Kind::Count || !half.is_finite();
    if is_sure { text } else { format!("{text} ±{:.0} %", half * 100.0) }
}

/// A column that has the numbers of all sides.
struct Both {
    heading: String,
    quantity: &'static Quantity,
    text: fn(f64) -> String,
}

impl Both {
    fn cell(&self, case: &Case, contests: &[Contest<'_>]) -> String {
        let metrics = contests.iter().map(|contest| case.metric(contest.side, self.quantity));
        let texts = metrics.map(|metric| metric.map(|metric| (self.text)(metric.median))).collect::<Option<Vec<_>>>();
        texts.map_or_else(String::new, |texts| texts.join("/"))
    }
}

fn last_column(contests: &[Contest<'_>]) -> Option<Both> {
    let sides: Vec<&str> = contests.iter().map(|contest| contest.side.name()).collect();
    let (above, quantity, text): (_, _, fn(f64) -> String) = match contests.first()? {
        contest if *contest.quantity == quantity::IDLE_BYTES_AFTER_16_KIB => {
            ("kB after 100 B", &quantity::IDLE_BYTES_AFTER_100_B, |bytes| significant(bytes / 1e3))
        }
        Contest { side: Side::Send | Side::Receive, .. } => ("heap calls", &quantity::HEAP_CALLS_PER_RECORD, count),
        Contest { side: Side::Client | Side::Server, .. } => ("heap calls", &quantity::HEAP_CALLS_PER_HANDSHAKE, count),
        contest if *contest.quantity == quantity::ROUND_TRIP_P50_NS => {
            ("TLS adds, µs", &quantity::ADDED_ROUND_TRIP_NS, |ns| significant(ns / 1e3))
        }
        Contest { side: Side::Total, .. } => return None,
    };
    Some(Both { heading: format!("{above}\n{}", sides.join("/")), quantity, text })
}

/// Calls are whole, or less than one per record.
fn count(calls: f64) -> String {
    if calls.fract() == 0.0 { format!("{calls}") } else { significant(calls) }
}
