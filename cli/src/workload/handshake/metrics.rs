use super::{Counted, Found, Idle, Round};
use crate::error::Error;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Side};
use crate::workload::histogram::{Buckets, Times};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// The percentiles of the handshake time that are reported if there are enough samples.
const PERCENTILES: [(f64, &Quantity); 2] = [(0.9, &quantity::HANDSHAKE_P90_NS), (0.99, &quantity::HANDSHAKE_P99_NS)];

/// Adds the counted and timed metrics to `case`.
pub fn record(case: &mut Case, found: &Found, seed: u64) -> Result<(), Error> {
    counts(case, &found.prepared.counted, seed);
    held(case, &found.prepared.idle, seed);
    times(case, &found.rounds, seed);
    phases(case, &found.rounds, seed)?;
    let mut histograms = Vec::new();
    for round in &found.rounds {
        let mut times = Times::new()?;
        round.handshakes_ns.iter().for_each(|time_ns| times.record(*time_ns));
        histograms.push(times.buckets());
    }
    if let Some(metric) = Buckets::metric(&quantity::HANDSHAKE_NS, &histograms, seed)? {
        case.metrics.insert(crate::schema::key(Side::Total, &quantity::HANDSHAKE_NS), metric);
    }
    let all = Buckets::sum(&histograms);
    for (share, quantity) in PERCENTILES {
        let samples: Vec<f64> = all.telling_percentile(share).into_iter().collect();
        case.record(Side::Total, quantity, &samples, seed);
    }
    Ok(())
}

/// The distribution of each phase.
fn phases(case: &mut Case, rounds: &[Round], seed: u64) -> Result<(), Error> {
    for (index, phase) in quantity::PHASES.iter().enumerate() {
        let mut histograms = Vec::new();
        for round in rounds.iter().filter(|round| !round.phases.is_empty()) {
            let mut times = Times::new()?;
            round.phases.iter().for_each(|phases| times.record(phases[index]));
            histograms.push(times.buckets());
        }
        if let Some(metric) = Buckets::metric(phase.time, &histograms, seed)? {
            case.metrics.insert(crate::schema::key(phase.side, phase.time), metric);
        }
        let all = Buckets::sum(&histograms);
        let samples: Vec<f64> = all.telling_percentile(0.99).into_iter().collect();
        case.record(phase.side, phase.p99, &samples, seed);
    }
    Ok(())
}

fn counts(case: &mut Case, counted: &[Counted], seed: u64) {
    type Pick = fn(&Counted) -> [f64; 2];
    let picks: [(&Quantity, Pick); 5] = [
        (&quantity::HEAP_CALLS_PER_HANDSHAKE, |counted| counted.heap_calls),
        (&quantity::C_HEAP_CALLS_PER_HANDSHAKE, |counted| counted.c_heap_calls),
        (&quantity::HEAP_BYTES_PER_HANDSHAKE, |counted| counted.heap_bytes),
        (&quantity::WIRE_BYTES_PER_HANDSHAKE, |counted| counted.wire_bytes),
        (&quantity::SYSCALLS_PER_HANDSHAKE, |counted| counted.syscalls),
    ];
    for (quantity, pick) in picks {
        for (index, side) in SIDES.into_iter().enumerate() {
            let samples: Vec<f64> = counted.iter().map(|counted| pick(counted)[index]).collect();
            case.record(side, quantity, &samples, seed);
        }
    }
    for (index, side) in SIDES.into_iter().enumerate() {
        let flights: Vec<f64> = counted.iter().map(|counted| counted.flights[index]).collect();
        if flights.iter().all(|flights| *flights > 0.0) {
            case.record(side, &quantity::FLIGHTS_PER_HANDSHAKE, &flights, seed);
        }
    }
    let peak: Vec<f64> = counted.iter().map(|counted| counted.peak_bytes).collect();
    case.record(Side::Total, &quantity::PEAK_BYTES_PER_CONNECTION, &peak, seed);
}

fn held(case: &mut Case, idle: &[Idle], seed: u64) {
    type Pick = fn(&Idle) -> [f64; 2];
    let picks: [(&Quantity, Pick); 2] = [
        (&quantity::IDLE_BYTES_AFTER_100_B, |idle| idle.after_100_b),
        (&quantity::IDLE_BYTES_AFTER_16_KIB, |idle| idle.after_16_kib),
    ];
    for (quantity, pick) in picks {
        for (index, side) in SIDES.into_iter().enumerate() {
            let samples: Vec<f64> = idle.iter().map(|idle| pick(idle)[index]).collect();
            case.record(side, quantity, &samples, seed);
        }
    }
}

fn times(case: &mut Case, rounds: &[Round], seed: u64) {
    for (index, side) in SIDES.into_iter().enumerate() {
        let cpu: Vec<f64> = rounds.iter().map(|round| round.cpu_us[index]).collect();
        let raw: Vec<f64> = rounds.iter().filter_map(|round| Some(round.raw_us?[index])).collect();
        let share: Vec<f64> = raw.iter().zip(&cpu).map(|(raw, cpu)| raw / cpu).collect();
        case.record(side, &quantity::CPU_US_PER_HANDSHAKE, &cpu, seed);
        case.record(side, &quantity::RAW_CRYPTO_US_PER_HANDSHAKE, &raw, seed);
        case.record(side, &quantity::EFFICIENCY, &share, seed);
    }
    let rate = |round: &Round| round.handshakes_ns.len() as f64 * 1e9 / (round.busy_ns as f64).max(1.0);
    let cpu_rate = |round: &Round| 1e6 / round.cpu_us.iter().sum::<f64>();
    case.record(Side::Total, &quantity::HANDSHAKES_PER_CPU_S, &rounds.iter().map(cpu_rate).collect::<Vec<_>>(), seed);
    case.record(Side::Total, &quantity::HANDSHAKES_PER_S, &rounds.iter().map(rate).collect::<Vec<_>>(), seed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efficiency_is_the_share_of_the_bare_cryptography_on_each_side() {
        let round = |factor: f64| Round {
            cpu_us: [200.0 * factor, 100.0 * factor],
            raw_us: Some([150.0 * factor, 80.0 * factor]),
            handshakes_ns: vec![400_000; 4],
            busy_ns: 2_000_000,
            ..Round::default()
        };
        let mut case = Case::new("case");
        times(&mut case, &[round(1.0), round(1.1), round(0.9)], 1);
        let median = |side, quantity| case.metric(side, quantity).expect("a metric").median;
        assert!((median(Side::Client, &quantity::EFFICIENCY) - 0.75).abs() < 1e-9);
        assert!((median(Side::Server, &quantity::EFFICIENCY) - 0.8).abs() < 1e-9);
        assert!((median(Side::Total, &quantity::HANDSHAKES_PER_S) - 2_000.0).abs() < 1e-9);
        assert!((median(Side::Total, &quantity::HANDSHAKES_PER_CPU_S) - 1e6 / 300.0).abs() < 1e-9);
    }
}
