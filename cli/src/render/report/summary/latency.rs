//! What TLS adds to a round trip.

use super::Finding;
use crate::render::report::scale::quantity;
use crate::schema::quantity::{ADDED_ROUND_TRIP_NS, RAW_TCP_ROUND_TRIP_P50_NS, ROUND_TRIP_P50_NS};
use crate::schema::{Case, Side};
use crate::units::counted;

pub(super) fn findings(cases: &[&Case]) -> Vec<Finding> {
    finding(cases).into_iter().collect()
}

/// Of the case to which it adds least, where there are several.
fn finding(cases: &[&Case]) -> Option<Finding> {
    let median = |case: &Case, of| case.metric(Side::Total, of).map(|metric| metric.median);
    let best = |of| {
        let measured = cases.iter().filter_map(|case| Some((*case, median(case, of)?)));
        measured.min_by(|a, b| a.1.total_cmp(&b.1))
    };
    let (case, words) = match best(&ADDED_ROUND_TRIP_NS) {
        Some((case, added)) => {
            let raw_tcp = median(case, &RAW_TCP_ROUND_TRIP_P50_NS)?;
            let [added, raw_tcp] = [added, raw_tcp].map(|time| quantity(time, "ns"));
            (case, format!("TLS adds {added} to a round trip of {raw_tcp} over plain TCP"))
        }
        None => {
            let (case, time) = best(&ROUND_TRIP_P50_NS)?;
            (case, format!("half of the round trips take {} at most", quantity(time, "ns")))
        }
    };
    let name = case.id.split('/').skip(1).collect::<Vec<_>>().join(", ");
    let others = match cases.len() {
        1 => String::new(),
        count => format!(", the least of {}", counted(count, "case", "cases")),
    };
    let words = format!("{words} ({name}{others}).");
    Some(Finding { subject: "Round trips".to_owned(), words, anchor: "latency".to_owned() })
}
