//! How fast data moves: the fastest suite over each transport.

use super::{Finding, listed};
use crate::render::groups::{grouped, in_order};
use crate::render::report::capital;
use crate::render::report::scale::quantity;
use crate::render::report::throughput::{anchor, size, suite, way};
use crate::schema::quantity::{EFFICIENCY, ENGINE_BYTES_PER_S, THROUGHPUT_BYTES_PER_S};
use crate::schema::{Case, Metric, Side};
use crate::units::Bytes;

/// A finding for each transport.
pub(super) fn findings(cases: &[&Case]) -> Vec<Finding> {
    let transport = |case: &Case| way(case).split('/').next().unwrap_or_default().to_owned();
    let transports = grouped(cases.iter().map(|case| (transport(case), *case)));
    transports.iter().filter_map(|(transport, cases)| finding(transport, cases)).collect()
}

/// Of the first direction, and of the largest writes: there the cipher matters most.
fn finding(transport: &str, cases: &[&Case]) -> Option<Finding> {
    let first = way(cases.first()?);
    let cases: Vec<&Case> = cases.iter().copied().filter(|case| way(case) == first).collect();
    let largest = cases.iter().map(|case| size(case)).max()?;
    let cases: Vec<&Case> = cases.into_iter().filter(|case| size(case) == largest).collect();
    let fastest = |(side, what, quantity): (Side, &'static str, _)| {
        let measured = cases.iter().filter_map(|case| Some((*case, case.metric(side, quantity)?, what)));
        measured.max_by(|(_, a, _), (_, b, _)| a.median.total_cmp(&b.median))
    };
    let speeds = [
        (Side::Total, "end to end", &THROUGHPUT_BYTES_PER_S),
        (Side::Send, "sealed", &ENGINE_BYTES_PER_S),
        (Side::Receive, "opened", &ENGINE_BYTES_PER_S),
    ];
    let (case, speed, what) = speeds.into_iter().find_map(fastest)?;
    let suites = in_order(cases.iter().map(|case| suite(case))).len();
    let rank = if suites > 1 { format!(" is the fastest of {suites} suites:") } else { " moves".to_owned() };
    let writes = if largest > 0 { format!(" with writes of {}", Bytes(largest)) } else { String::new() };
    Some(Finding {
        subject: format!("Throughput {}", over(transport)),
        words: format!(
            "{}{rank} {} {what}{writes}.{}",
            suite(case),
            quantity(speed.median, &speed.unit),
            efficiency(case)
        ),
        anchor: anchor(&first),
    })
}

fn over(transport: &str) -> String {
    match transport {
        "memory" => "in memory, both ends on one thread".to_owned(),
        "loopback-1" => "over loopback, both ends on one thread".to_owned(),
        "loopback-2" => "over loopback, a thread per end".to_owned(),
        other => format!("over {other}"),
    }
}

/// How near each side comes to the bare cipher.
fn efficiency(case: &Case) -> String {
    let of_side = |(side, what): (Side, &str)| {
        let efficiency: &Metric = case.metric(side, &EFFICIENCY)?;
        Some(format!("{what} reaches {}", quantity(efficiency.median, &efficiency.unit)))
    };
    let sides: Vec<String> =
        [(Side::Send, "sealing"), (Side::Receive, "opening")].into_iter().filter_map(of_side).collect();
    if sides.is_empty() { String::new() } else { format!(" {} of the raw cipher's speed.", capital(&listed(&sides))) }
}
