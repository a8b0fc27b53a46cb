use super::block::Block;
use super::turns::Talked;
use crate::error::Error;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Side, key};
use crate::workload::histogram::{Buckets, samples_needed};

/// A percentile of the round trips.
#[derive(Clone, Copy, Debug)]
pub struct Percentile {
    /// The share of round trips that do not exceed it.
    pub share: f64,
    /// The quantity.
    pub quantity: &'static Quantity,
    /// The same since each was due.
    pub corrected: &'static Quantity,
}

/// All percentiles that are reported, ascending.
pub const PERCENTILES: [Percentile; 5] = [
    of(0.5, &quantity::ROUND_TRIP_P50_NS, &quantity::CORRECTED_ROUND_TRIP_P50_NS),
    of(0.9, &quantity::ROUND_TRIP_P90_NS, &quantity::CORRECTED_ROUND_TRIP_P90_NS),
    of(0.99, &quantity::ROUND_TRIP_P99_NS, &quantity::CORRECTED_ROUND_TRIP_P99_NS),
    of(0.999, &quantity::ROUND_TRIP_P999_NS, &quantity::CORRECTED_ROUND_TRIP_P999_NS),
    of(0.9999, &quantity::ROUND_TRIP_P9999_NS, &quantity::CORRECTED_ROUND_TRIP_P9999_NS),
];

const fn of(share: f64, quantity: &'static Quantity, corrected: &'static Quantity) -> Percentile {
    Percentile { share, quantity, corrected }
}

/// How many round trips a percentile needs: ten have to lie beyond it.
pub fn samples_needed_of(percentile: &Percentile) -> u64 {
    samples_needed(percentile.share).round() as u64
}

/// Whether a case has it.
pub fn has_percentile(case: &Case, percentile: &Percentile) -> bool {
    case.metric(Side::Total, percentile.quantity).is_some()
}

/// Adds what was measured to `case`: its own round trips, those of plain TCP, and what TLS adds to them. With `counts_calls`, also
/// the number of system calls, where it is not one of how long an end had to wait.
///
/// # Errors
/// Where a histogram can't be written.
pub fn record(
    case: &mut Case,
    talked: &Talked,
    raw_tcp: Option<&Talked>,
    counts_calls: bool,
    seed: u64,
) -> Result<(), Error> {
    let times: Vec<Buckets> = talked.blocks.iter().map(|block| block.times.clone()).collect();
    let corrected: Vec<Buckets> = talked.blocks.iter().map(|block| block.corrected.clone()).collect();
    distribution(case, &quantity::ROUND_TRIP_NS, &times, seed)?;
    distribution(case, &quantity::CORRECTED_ROUND_TRIP_NS, &corrected, seed)?;
    for percentile in &PERCENTILES {
        percentile_of(case, percentile.quantity, percentile.share, &times, seed);
        percentile_of(case, percentile.corrected, percentile.share, &corrected, seed);
    }
    if let Some(raw_tcp) = raw_tcp {
        // Turn by turn, so that a drift of the machine does not count.
        let pairs = medians(&talked.blocks).into_iter().zip(medians(&raw_tcp.blocks));
        let added: Vec<f64> = pairs.map(|(with, without)| with - without).collect();
        case.record(Side::Total, &quantity::ADDED_ROUND_TRIP_NS, &added, seed);
        let times: Vec<Buckets> = raw_tcp.blocks.iter().map(|block| block.times.clone()).collect();
        distribution(case, &quantity::RAW_TCP_ROUND_TRIP_NS, &times, seed)?;
        percentile_of(case, &quantity::RAW_TCP_ROUND_TRIP_P50_NS, 0.5, &times, seed);
        percentile_of(case, &quantity::RAW_TCP_ROUND_TRIP_P99_NS, 0.99, &times, seed);
    }
    costs(case, &talked.blocks, counts_calls, seed);
    Ok(())
}

/// Processor time and system calls of each round trip.
fn costs(case: &mut Case, blocks: &[Block], counts_calls: bool, seed: u64) {
    let per_trip = |count: &dyn Fn(&Block) -> Option<u64>| -> Vec<f64> {
        blocks.iter().filter_map(|block| Some(count(block)? as f64 / block.trips.max(1) as f64)).collect()
    };
    // One thread that drives both ends has one clock.
    let drives_both = blocks.iter().all(|block| block.echo_cpu_ns.is_none() && block.server_calls.is_some());
    let has_no_sockets = blocks.iter().all(|block| block.client_calls.is_none());
    let of_caller = if drives_both || has_no_sockets { Side::Total } else { Side::Client };
    case.record(of_caller, &quantity::CPU_NS_PER_MESSAGE, &per_trip(&|block| Some(block.cpu_ns)), seed);
    case.record(Side::Server, &quantity::CPU_NS_PER_MESSAGE, &per_trip(&|block| block.echo_cpu_ns), seed);
    if counts_calls {
        let quantity = &quantity::SYSCALLS_PER_MESSAGE;
        case.record(Side::Client, quantity, &per_trip(&|block| block.client_calls), seed);
        case.record(Side::Server, quantity, &per_trip(&|block| block.server_calls), seed);
    }
}

/// All times as a histogram.
fn distribution(case: &mut Case, quantity: &Quantity, turns: &[Buckets], seed: u64) -> Result<(), Error> {
    if let Some(metric) = Buckets::metric(quantity, turns, seed)? {
        case.metrics.insert(key(Side::Total, quantity), metric);
    }
    Ok(())
}

/// The median has a sample for each turn, whose interval says how sure it is. The tail is that of all of them together, where
/// enough samples lie beyond it.
fn percentile_of(case: &mut Case, quantity: &Quantity, share: f64, turns: &[Buckets], seed: u64) {
    let samples: Vec<f64> = if share > 0.5 {
        Buckets::sum(turns).telling_percentile(share).into_iter().collect()
    } else {
        turns.iter().filter_map(|turn| turn.percentile(share)).collect()
    };
    case.record(Side::Total, quantity, &samples, seed);
}

fn medians(blocks: &[Block]) -> Vec<f64> {
    blocks.iter().filter_map(|block| block.times.percentile(0.5)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talked(medians_ns: &[u64], each: u64) -> Talked {
        let block = |median: &u64| Block {
            times: Buckets(vec![(*median, each)]),
            trips: each,
            cpu_ns: 500 * each,
            client_calls: Some(2 * each),
            server_calls: Some(2 * each),
            ..Block::default()
        };
        Talked { blocks: medians_ns.iter().map(block).collect(), agreed: None, failure: None }
    }

    #[test]
    fn what_tls_adds_is_the_difference_turn_by_turn() {
        // The machine became twice as slow in the middle, and TLS adds the same.
        let (tls, raw_tcp) =
            (talked(&[11_000, 11_100, 21_000, 21_100], 10), talked(&[10_000, 10_000, 20_000, 20_000], 10));
        let mut case = Case::new("case");
        record(&mut case, &tls, Some(&raw_tcp), true, 1).expect("histograms");
        let metric = |quantity| case.metric(Side::Total, quantity);
        let added = metric(&quantity::ADDED_ROUND_TRIP_NS).expect("a metric");
        assert_eq!((added.samples.as_slice(), added.median), (&[1_000.0, 1_100.0, 1_000.0, 1_100.0][..], 1_050.0));
        assert!(added.ci95[0] >= 1_000.0 && added.ci95[1] <= 1_100.0, "{added:?}");
        assert_eq!(metric(&quantity::RAW_TCP_ROUND_TRIP_P50_NS).map(|metric| metric.samples.len()), Some(4));
        assert_eq!(metric(&quantity::CPU_NS_PER_MESSAGE).map(|metric| metric.median), Some(500.0));
        let calls = case.metric(Side::Client, &quantity::SYSCALLS_PER_MESSAGE).expect("a metric");
        assert_eq!(calls.median, 2.0);
    }

    #[test]
    fn a_percentile_with_too_few_samples_beyond_it_is_left_out() {
        let mut case = Case::new("case");
        record(&mut case, &talked(&[10_000; 10], 100), None, true, 1).expect("histograms");
        let known: Vec<bool> = PERCENTILES.iter().map(|percentile| has_percentile(&case, percentile)).collect();
        assert_eq!(known, [true, true, true, false, false]);
        assert_eq!(PERCENTILES.map(|percentile| samples_needed_of(&percentile)), [20, 100, 1_000, 10_000, 100_000]);
        assert!(case.metric(Side::Total, &quantity::CORRECTED_ROUND_TRIP_P50_NS).is_none(), "nothing was due");
    }
}
