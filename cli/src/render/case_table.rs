//! One compact table: a row for each case, a column for each figure that matters, as many as the width allows.

use std::collections::HashMap;

use serde_json::Value;

use super::labels::{Labels, way};
use super::{Align, Sheet, View};
use crate::schema::quantity::{self, Quantity, Role};
use crate::schema::{Better, Case, Kind, Metric, Side};
use crate::units::format_quantity;

/// What stands in a number's place; why is said elsewhere.
pub(super) const NOT_MEASURABLE: &str = "not measurable";

/// What stands in a column.
enum Column {
    /// A quantity, of the first of these sides that has it.
    Figure { heading: String, sides: &'static [Side], quantity: &'static Quantity },
    /// The quantity of the first column as a share of the best case.
    OfBest { heading: &'static str, cells: Vec<String> },
}

/// The table, and whether figures are left out for lack of width.
pub(super) struct CaseTable {
    pub(super) sheet: Sheet,
    pub(super) is_cut: bool,
}

/// The table of cases of one command that is not wider than the view.
pub(super) fn case_table(command: &str, cases: &[&Case], labels: &Labels, view: &View) -> CaseTable {
    let columns = columns(command, cases);
    let least = columns.len().min(1);
    let fits = |count: &usize| sheet(&columns[..*count], cases, labels).width() <= view.width();
    let count = (least..=columns.len()).take_while(fits).last().unwrap_or(least);
    CaseTable { sheet: sheet(&columns[..count], cases, labels), is_cut: count < columns.len() }
}

/// The figure that says most about a case of a command, and whose best case the others are held against.
pub(super) fn leading(command: &str) -> Option<(&'static [Side], &'static Quantity)> {
    const WHOLE: &[Side] = &[Side::Total, Side::Receive, Side::Send];
    match command {
        "throughput" => Some((WHOLE, &quantity::THROUGHPUT_BYTES_PER_S)),
        // A server elsewhere is not seen at work.
        "handshake" => Some((&[Side::Server, Side::Client], &quantity::CPU_US_PER_HANDSHAKE)),
        _ => None,
    }
}

/// The leading figure of a case.
pub(super) fn figure<'a>(case: &'a Case, sides: &[Side], quantity: &Quantity) -> Option<&'a Metric> {
    sides.iter().find_map(|side| case.metric(*side, quantity))
}

/// The leading figure of each case as a share of the best one's among those whose data travels the same way; 1 for the best.
pub(super) fn shares_of_best(command: &str, cases: &[&Case]) -> Vec<Option<f64>> {
    let Some((sides, quantity)) = leading(command) else { return vec![None; cases.len()] };
    let speed = |case: &Case| {
        let value = figure(case, sides, quantity)?.median;
        Some(if quantity.better == Better::Higher { value } else { 1.0 / value })
    };
    let mut best: HashMap<String, f64> = HashMap::new();
    for case in cases {
        if let Some(speed) = speed(case) {
            best.entry(way(&case.id)).and_modify(|known| *known = known.max(speed)).or_insert(speed);
        }
    }
    let share = |case: &&Case| Some(speed(case)? / best.get(&way(&case.id))?).filter(|share| share.is_finite());
    cases.iter().map(share).collect()
}

/// All columns that say something about these cases, what matters most first.
fn columns(command: &str, cases: &[&Case]) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut add = |heading: String, sides: &'static [Side], quantity: &'static Quantity| {
        let is_new = !columns.iter().any(|column| is_of(column, sides, quantity));
        if is_new && cases.iter().any(|case| sides.iter().any(|side| has(case, *side, quantity))) {
            columns.push(Column::Figure { heading, sides, quantity });
        }
    };
    for (heading, sides, quantity) in preferred(command, cases) {
        add((*heading).to_owned(), sides, quantity);
    }
    let is_column = |quantity: &&Quantity| {
        // Phases have a table of their own.
        let is_phase = quantity::ALL_PHASES.iter().flat_map(|phases| *phases).any(|phase| phase.time == *quantity);
        !is_phase && !matches!(quantity.role, Role::Detail | Role::Reference)
    };
    for quantity in quantity::ALL.iter().copied().filter(is_column) {
        for side in SIDES {
            add(format!("{}\n{}", side[0].name(), quantity.heading), side, quantity);
        }
    }
    if let Some(of_best) = of_best(command, cases).filter(|_| cases.len() > 1 && !columns.is_empty()) {
        columns.insert(1, of_best);
    }
    columns
}

/// Each side alone.
const SIDES: [&[Side]; 5] = [&[Side::Send], &[Side::Receive], &[Side::Client], &[Side::Server], &[Side::Total]];

type Preferred = (&'static str, &'static [Side], &'static Quantity);

/// The columns of a command that come first, in their order.
fn preferred(command: &str, cases: &[&Case]) -> &'static [Preferred] {
    const THROUGHPUT: [Preferred; 6] = [
        ("\nthroughput", &[Side::Total, Side::Receive, Side::Send], &quantity::THROUGHPUT_BYTES_PER_S),
        ("sealing,\nof raw AEAD", &[Side::Send], &quantity::EFFICIENCY),
        ("opening,\nof raw AEAD", &[Side::Receive], &quantity::EFFICIENCY),
        ("of plain\nTCP", &[Side::Total], &quantity::RAW_TCP_SHARE),
        ("send\nCPU", &[Side::Send], &quantity::CPU_NS_PER_BYTE),
        ("receive\nCPU", &[Side::Receive], &quantity::CPU_NS_PER_BYTE),
    ];
    const HANDSHAKE: [Preferred; 6] = [
        ("server\nCPU", &[Side::Server], &quantity::CPU_US_PER_HANDSHAKE),
        ("client\nCPU", &[Side::Client], &quantity::CPU_US_PER_HANDSHAKE),
        ("bare crypto,\nserver", &[Side::Server], &quantity::EFFICIENCY),
        ("bare crypto,\nclient", &[Side::Client], &quantity::EFFICIENCY),
        ("total\ntime", &[Side::Total], &quantity::HANDSHAKE_NS),
        ("server\nheap calls", &[Side::Server], &quantity::HEAP_CALLS_PER_HANDSHAKE),
    ];
    const IN_THREADS: [Preferred; 6] = [
        ("server\nCPU", &[Side::Server], &quantity::CPU_US_PER_HANDSHAKE),
        ("client\nCPU", &[Side::Client], &quantity::CPU_US_PER_HANDSHAKE),
        ("handshakes,\nall threads", &[Side::Total], &quantity::HANDSHAKES_PER_S),
        ("handshakes,\nby CPU time", &[Side::Total], &quantity::HANDSHAKES_PER_CPU_S),
        ("bare crypto,\nserver", &[Side::Server], &quantity::EFFICIENCY),
        ("bare crypto,\nclient", &[Side::Client], &quantity::EFFICIENCY),
    ];
    const REMOTE: [Preferred; 6] = [
        ("\nhandshakes", &[Side::Total], &quantity::HANDSHAKES_PER_S),
        ("client\nCPU", &[Side::Client], &quantity::CPU_US_PER_HANDSHAKE),
        ("half\nwithin", &[Side::Client], &quantity::CONNECTION_P50_NS),
        ("99 %\nwithin", &[Side::Client], &quantity::CONNECTION_P99_NS),
        ("half since\ndue", &[Side::Client], &quantity::CORRECTED_CONNECTION_P50_NS),
        ("99 % since\ndue", &[Side::Client], &quantity::CORRECTED_CONNECTION_P99_NS),
    ];
    const REQUESTS: [Preferred; 6] = [
        ("\nthroughput", &[Side::Total], &quantity::THROUGHPUT_BYTES_PER_S),
        ("\nrequests", &[Side::Total], &quantity::REQUESTS_PER_S),
        ("client\nCPU", &[Side::Client], &quantity::CPU_US_PER_REQUEST),
        ("half\nwithin", &[Side::Client], &quantity::RESPONSE_P50_NS),
        ("99 %\nwithin", &[Side::Client], &quantity::RESPONSE_P99_NS),
        ("first byte,\n99 %", &[Side::Client], &quantity::RESPONSE_BEGUN_P99_NS),
    ];
    const LATENCY: [Preferred; 7] = [
        ("\np50", &[Side::Total], &quantity::ROUND_TRIP_P50_NS),
        ("TLS\nadds", &[Side::Total], &quantity::ADDED_ROUND_TRIP_NS),
        ("\np99", &[Side::Total], &quantity::ROUND_TRIP_P99_NS),
        ("p99 since\ndue", &[Side::Total], &quantity::CORRECTED_ROUND_TRIP_P99_NS),
        ("plain TCP,\np50", &[Side::Total], &quantity::RAW_TCP_ROUND_TRIP_P50_NS),
        ("\np99.9", &[Side::Total], &quantity::ROUND_TRIP_P999_NS),
        ("p50 since\ndue", &[Side::Total], &quantity::CORRECTED_ROUND_TRIP_P50_NS),
    ];
    let is_remote = |case: &&Case| case.requested.contains_key("target");
    let has_threads = |case: &&Case| case.requested.get("conversations").and_then(Value::as_u64) > Some(1);
    match command {
        "throughput" if cases.iter().any(|case| has(case, Side::Total, &quantity::REQUESTS_PER_S)) => &REQUESTS,
        "throughput" => &THROUGHPUT,
        "handshake" if cases.iter().any(is_remote) => &REMOTE,
        "handshake" if cases.iter().any(has_threads) => &IN_THREADS,
        "handshake" => &HANDSHAKE,
        "latency" => &LATENCY,
        _ => &[],
    }
}

fn is_of(column: &Column, sides: &[Side], quantity: &Quantity) -> bool {
    let Column::Figure { sides: known, quantity: of, .. } = column else { return false };
    *of == quantity && sides.iter().all(|side| known.contains(side))
}

/// Whether there is a number, or a reason why there is none.
fn has(case: &Case, side: Side, quantity: &Quantity) -> bool {
    case.metric(side, quantity).is_some() || case.reason(side, quantity).is_some()
}

fn sheet(columns: &[Column], cases: &[&Case], labels: &Labels) -> Sheet {
    let headings = columns.iter().map(|column| match column {
        Column::Figure { heading, .. } => (heading.as_str(), Align::Right),
        Column::OfBest { heading, .. } => (*heading, Align::Right),
    });
    let mut sheet = Sheet::new([("\ncase", Align::Left)].into_iter().chain(headings));
    for (place, (case, label)) in cases.iter().zip(&labels.own).enumerate() {
        let cells = columns.iter().map(|column| cell(column, case, place));
        sheet.row([label.clone()].into_iter().chain(cells).collect());
    }
    sheet
}

/// What stands in the column that holds each case against the best: a share, or of what costs how many times as much.
fn of_best(command: &str, cases: &[&Case]) -> Option<Column> {
    let (_, quantity) = leading(command)?;
    let is_cost = quantity.better == Better::Lower;
    let text = |share: f64| if is_cost { format!("{:.2}×", 1.0 / share) } else { format!("{:.0} %", share * 100.0) };
    let cells = shares_of_best(command, cases).into_iter().map(|share| share.map(text).unwrap_or_default()).collect();
    Some(Column::OfBest { heading: if is_cost { "times\nbest" } else { "of\nbest" }, cells })
}

fn cell(column: &Column, case: &Case, place: usize) -> String {
    match column {
        Column::Figure { sides, quantity, .. } => match figure(case, sides, quantity) {
            Some(metric) => compact(metric),
            None if sides.iter().any(|side| case.reason(*side, quantity).is_some()) => NOT_MEASURABLE.to_owned(),
            None => String::new(),
        },
        Column::OfBest { cells, .. } => cells[place].clone(),
    }
}

/// The median with half of the width of its interval: of a share in points, of a time as a share of it.
fn compact(metric: &Metric) -> String {
    let text = format_quantity(metric.median, &metric.unit);
    let half = (metric.ci95[1] - metric.ci95[0]) / 2.0;
    if metric.kind == Kind::Count || metric.samples.len() < 2 || metric.median == 0.0 {
        return text;
    }
    match metric.unit.as_str() {
        "ratio" => format!("{} ±{:.1} %", text.trim_end_matches(" %"), half * 100.0),
        _ => format!("{text} ±{:.0} %", half / metric.median.abs() * 100.0),
    }
}
