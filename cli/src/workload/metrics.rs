use super::rounds::Rounds;
use super::worker_pool::Lane;
use crate::measure::{Method, Part, Sample};
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Side};
use crate::stats;

/// Adds the metrics of each side, and of both together, to `case`.
pub fn record(case: &mut Case, rounds: &Rounds, seed: u64) {
    for side in [Side::Send, Side::Receive] {
        record_side(case, rounds, side, seed);
    }
    record_total(case, rounds, seed);
}

fn record_side(case: &mut Case, rounds: &Rounds, side: Side, seed: u64) {
    let tls = parts(rounds, Lane::Tls, side);
    if tls.is_empty() {
        return;
    }
    let mut add = |quantity: &Quantity, samples: &[f64]| case.record(side, quantity, samples, seed);
    let engine = rates(&tls, Part::engine_bytes_per_s);
    add(&quantity::THROUGHPUT_BYTES_PER_S, &rates(&tls, Part::bytes_per_s));
    add(&quantity::ENGINE_BYTES_PER_S, &engine);
    if let Some((_, raw)) = reference(rounds, side) {
        add(&quantity::EFFICIENCY, &ratios(&engine, &raw));
        add(&quantity::RAW_AEAD_BYTES_PER_S, &raw);
    }
    add(&quantity::RAW_AEAD_IN_PLACE_BYTES_PER_S, &raw_rates(rounds, Method::InPlace, side));
    add(&quantity::RAW_AEAD_OUT_OF_PLACE_BYTES_PER_S, &raw_rates(rounds, Method::OutOfPlace, side));
    let sums: Vec<Part> = tls.iter().map(|round| sum(round)).collect();
    let per_byte = |count: fn(&Part) -> u64| -> Vec<f64> {
        sums.iter().map(|part| count(part) as f64 / part.bytes as f64).collect()
    };
    add(&quantity::CPU_NS_PER_BYTE, &per_byte(|part| part.cpu_ns));
    add(&quantity::RECORDS_PER_S, &rates(&tls, Part::records_per_s));
    if sums.iter().all(|part| part.has_counters) {
        let total = |count: fn(&Part) -> u64| [sums.iter().map(count).sum::<u64>() as f64];
        add(&quantity::COPIED_BYTES_PER_BYTE, &per_byte(|part| part.copied_bytes));
        add(&quantity::SAVED_BYTES_PER_BYTE, &per_byte(|part| part.saved_bytes));
        add(&quantity::IN_PLACE_RECORDS, &total(|part| part.in_place_records));
        add(&quantity::COPIED_RECORDS, &total(|part| part.copied_records));
        add(&quantity::KEY_UPDATES, &total(|part| part.key_updates));
    }
    let calls = sums.iter().map(|part| part.syscalls as f64 / mebibytes(part.bytes)).collect::<Vec<_>>();
    add(&quantity::SYSCALLS_PER_MIB, &calls);
    if let Some(waits) =
        sums.iter().map(|part| Some(part.waits? as f64 / mebibytes(part.bytes))).collect::<Option<Vec<_>>>()
    {
        add(&quantity::WAITS_PER_MIB, &waits);
    }
}

/// Adds the heap calls of a block in which they were counted: one sample per conversation and side.
pub fn record_heap(case: &mut Case, counted: &[Sample], seed: u64) {
    let per_record = |part: Part| part.heap_calls as f64 / part.records.max(1) as f64;
    let send: Vec<f64> = counted.iter().filter_map(|sample| sample.send.map(per_record)).collect();
    let receive: Vec<f64> = counted.iter().filter_map(|sample| sample.receive.map(per_record)).collect();
    case.record(Side::Send, &quantity::HEAP_CALLS_PER_RECORD, &send, seed);
    case.record(Side::Receive, &quantity::HEAP_CALLS_PER_RECORD, &receive, seed);
}

fn record_total(case: &mut Case, rounds: &Rounds, seed: u64) {
    let tls = total_rates(rounds, Lane::Tls);
    case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &tls, seed);
    let cpu: Vec<f64> = samples(rounds, Lane::Tls).iter().map(|round| cpu_ns_per_byte(round)).collect();
    case.record(Side::Total, &quantity::CPU_NS_PER_BYTE, &cpu, seed);
    let raw = total_rates(rounds, Lane::RawTcp);
    if !raw.is_empty() {
        case.record(Side::Total, &quantity::RAW_TCP_BYTES_PER_S, &raw, seed);
        case.record(Side::Total, &quantity::RAW_TCP_SHARE, &ratios(&tls, &raw), seed);
    }
}

/// The faster method of the raw AEAD on a side, with its speed in each round.
pub fn reference(rounds: &Rounds, side: Side) -> Option<(Method, Vec<f64>)> {
    [Method::OutOfPlace, Method::InPlace]
        .into_iter()
        .map(|method| (method, raw_rates(rounds, method, side)))
        .filter_map(|(method, rates)| stats::median(&rates).map(|median| (median, method, rates)))
        .max_by(|(left, ..), (right, ..)| left.total_cmp(right))
        .map(|(_, method, rates)| (method, rates))
}

/// The sum of the engine's work on a side.
pub fn sum_of_all(rounds: &Rounds, side: Side) -> Option<Part> {
    let parts = parts(rounds, Lane::Tls, side);
    (!parts.is_empty()).then(|| sum(&parts.concat()))
}

fn samples(rounds: &Rounds, lane: Lane) -> &[Vec<Sample>] {
    rounds.lanes.iter().find(|(known, _)| *known == lane).map_or(&[], |(_, samples)| samples)
}

/// The work of a side in a lane: for each round, one part per conversation. Empty if that side did not run here.
fn parts(rounds: &Rounds, lane: Lane, side: Side) -> Vec<Vec<Part>> {
    let of_side = |sample: &Sample| if side == Side::Send { sample.send } else { sample.receive };
    samples(rounds, lane)
        .iter()
        .map(|round| round.iter().filter_map(of_side).collect::<Vec<_>>())
        .filter(|round| !round.is_empty())
        .collect()
}

fn raw_rates(rounds: &Rounds, method: Method, side: Side) -> Vec<f64> {
    let lane = match method {
        Method::InPlace => Lane::RawAeadInPlace,
        Method::OutOfPlace => Lane::RawAeadOutOfPlace,
    };
    rates(&parts(rounds, lane, side), Part::engine_bytes_per_s)
}

/// The rate of each round, summed over the conversations, which run concurrently.
fn rates(rounds: &[Vec<Part>], rate: impl Fn(&Part) -> f64) -> Vec<f64> {
    rounds.iter().map(|round| round.iter().map(&rate).sum()).collect()
}

fn total_rates(rounds: &Rounds, lane: Lane) -> Vec<f64> {
    samples(rounds, lane).iter().map(|round| round.iter().map(Sample::total_bytes_per_s).sum()).collect()
}

fn ratios(numerators: &[f64], denominators: &[f64]) -> Vec<f64> {
    numerators.iter().zip(denominators).map(|(numerator, denominator)| numerator / denominator).collect()
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn cpu_ns_per_byte(round: &[Sample]) -> f64 {
    let cpu_ns: u64 =
        round.iter().flat_map(|sample| [sample.send, sample.receive]).flatten().map(|part| part.cpu_ns).sum();
    let bytes: u64 = round.iter().map(Sample::bytes).sum();
    cpu_ns as f64 / bytes as f64
}

fn sum(parts: &[Part]) -> Part {
    parts.iter().fold(Part::default(), |mut sum, part| {
        sum += *part;
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn part(bytes: u64, engine_ns: u64, elapsed_ns: u64) -> Part {
        Part { bytes, records: bytes / 1000, engine_ns, elapsed_ns, cpu_ns: engine_ns, syscalls: 2, ..Part::default() }
    }

    fn sample(seal_ns: u64, open_ns: u64) -> Sample {
        let (send, receive) = (part(1 << 20, seal_ns, 2 * seal_ns), part(1 << 20, open_ns, 2 * open_ns));
        Sample { send: Some(send), receive: Some(receive), total_ns: Some(2 * (seal_ns + open_ns)) }
    }

    fn rounds(lanes: &[(Lane, Sample)]) -> Rounds {
        let lanes = lanes.iter().map(|(lane, sample)| (*lane, vec![vec![*sample, *sample]; 3])).collect();
        Rounds { lanes, interrupted: false, elapsed: Duration::from_secs(1) }
    }

    #[test]
    fn efficiency_is_the_share_of_the_faster_reference_on_each_side() {
        let rounds = rounds(&[
            (Lane::Tls, sample(1000, 2000)),
            (Lane::RawAeadInPlace, sample(950, 1000)),
            (Lane::RawAeadOutOfPlace, sample(900, 1600)),
        ]);
        let mut case = Case::new("case");
        record(&mut case, &rounds, 1);
        let median = |side, quantity| case.metric(side, quantity).unwrap().median;
        assert!((median(Side::Send, &quantity::EFFICIENCY) - 0.9).abs() < 1e-9);
        assert!((median(Side::Receive, &quantity::EFFICIENCY) - 0.5).abs() < 1e-9);
        assert_eq!(reference(&rounds, Side::Send).unwrap().0, Method::OutOfPlace);
        assert_eq!(reference(&rounds, Side::Receive).unwrap().0, Method::InPlace);
        // Two concurrent conversations, each 2^20 bytes in 2,000 ns.
        let expected = 2.0 * f64::from(1 << 20) / 2000e-9;
        assert!((median(Side::Send, &quantity::THROUGHPUT_BYTES_PER_S) / expected - 1.0).abs() < 1e-9);
        assert!((median(Side::Send, &quantity::SYSCALLS_PER_MIB) - 2.0).abs() < 1e-9);
        assert!(case.metric(Side::Total, &quantity::RAW_TCP_SHARE).is_none());
    }

    #[test]
    fn rates_of_conversations_are_sums_and_processor_time_is_a_mean() {
        let rounds = rounds(&[(Lane::Tls, sample(1000, 2000)), (Lane::RawAeadInPlace, sample(800, 1600))]);
        let mut case = Case::new("case");
        record(&mut case, &rounds, 1);
        let is = |side, quantity, expected: f64| {
            let median = case.metric(side, quantity).expect("a metric").median;
            assert!((median / expected - 1.0).abs() < 1e-9, "{side:?} {}: {median}, not {expected}", quantity.name);
        };
        let one = f64::from(1 << 20);
        // Two concurrent conversations.
        is(Side::Send, &quantity::RAW_AEAD_BYTES_PER_S, 2.0 * one / 800e-9);
        is(Side::Send, &quantity::ENGINE_BYTES_PER_S, 2.0 * one / 1000e-9);
        is(Side::Send, &quantity::CPU_NS_PER_BYTE, 1000.0 / one);
        // One thread drives both ends of each conversation, so the total time is the sum of both ends' times.
        is(Side::Send, &quantity::THROUGHPUT_BYTES_PER_S, 2.0 * one / 2000e-9);
        is(Side::Receive, &quantity::THROUGHPUT_BYTES_PER_S, 2.0 * one / 4000e-9);
        is(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, 2.0 * one / 6000e-9);
        is(Side::Total, &quantity::CPU_NS_PER_BYTE, 3000.0 / one);
    }

    #[test]
    fn a_side_that_was_not_here_has_no_metrics() {
        let send_only = Sample { receive: None, total_ns: None, ..sample(1000, 1000) };
        let mut case = Case::new("case");
        record(&mut case, &rounds(&[(Lane::Tls, send_only)]), 1);
        assert!(case.metric(Side::Send, &quantity::THROUGHPUT_BYTES_PER_S).is_some());
        assert!(case.metrics.keys().all(|key| !key.starts_with("receive.")));
        assert!(case.metric(Side::Send, &quantity::EFFICIENCY).is_none());
    }
}
