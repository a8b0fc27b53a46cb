//! Warnings about what makes results less reliable, each with its remedy.

use super::SIDES;
use crate::plan::ThroughputCase;
use crate::runner::warnings;
use crate::schema::quantity;
use crate::schema::{Case, Document, Side};
use crate::workload::{Direction, Lane, Rounds, Transport, Verify};

/// With fewer rounds, an interval says little.
const ROUNDS_MIN: usize = 12;
/// The half-width of an efficiency's interval above which noise dominates.
const NOISE_MAX: f64 = 0.03;

/// Warnings that are known before measuring.
pub(super) fn before(document: &mut Document, planned: &ThroughputCase) {
    if let Some(defect) = planned.work.suite.aead.defect() {
        document.warn(defect.problem, defect.remedy);
    }
    warnings::of_duration(document, planned.schedule.limit);
    if planned.work.verify == Verify::All {
        document.warn(
            "--verify all stops the clock at every record, which costs each side up to a few microseconds per record",
            "omit --verify to measure speed",
        );
    }
    warnings::of_client(document, planned.trusts_anyone, planned.logs_keys);
    let processors = document.host.usable_cpus.or(document.host.logical_cpus).unwrap_or(1);
    if processors == 1 && matches!(planned.work.transport, Transport::LoopbackThreadPerEnd(_)) {
        let message = "both ends share one processor and wait for each other";
        document.warn(message, "use --loopback-threads 1, or give this process more processors");
    }
    if planned.work.conversations > processors as usize {
        let message = format!("there are more concurrent connections than the {processors} processors");
        document.warn(message, "use a lower --threads, unless this is intended");
    }
}

/// Warnings from the results of a case.
pub(super) fn after(document: &mut Document, planned: &ThroughputCase, case: &Case, rounds: &Rounds) {
    let id = &case.id;
    let count = rounds.lanes.first().map_or(0, |(_, samples)| samples.len());
    if count < ROUNDS_MIN {
        let message = format!("{id}: only {count} rounds were measured, too few for an interval");
        document.warn(message, "use a longer --duration, or a higher --count");
    }
    for side in SIDES {
        let Some(metric) = case.metric(side, &quantity::EFFICIENCY) else { continue };
        let half_width = (metric.ci95[1] - metric.ci95[0]) / 2.0;
        if half_width > NOISE_MAX {
            let share = half_width * 100.0;
            let message = format!("{id}: the efficiency of the {} side varies by ±{share:.1} points", side.name());
            document.warn(message, "use a longer --duration, and stop other programs");
        }
    }
    if let Some(share) = case.metric(Side::Total, &quantity::RAW_TCP_SHARE)
        && share.median > 1.0
    {
        let message =
            format!("{id}: TLS is faster than plain TCP here, so the result shows wake-ups, not the cost of data");
        document.warn(message, "use --loopback-threads 1, where one thread drives both ends without wake-ups");
    }
    if matches!((&planned.work.transport, planned.work.direction), (Transport::Remote(_), Direction::Receive)) {
        let message = format!("{id}: the server chooses the size of its writes; --size has no effect");
        document.warn(message, "compare only with runs against the same server");
    }
    debug_assert!(rounds.lanes.first().is_some_and(|(lane, _)| *lane == Lane::Tls));
}
