use super::Found;
use super::windows::{Timed, Window};
use crate::error::Error;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Side, key};
use crate::workload::histogram::Buckets;

/// The most samples of a metric.
const SAMPLES_MAX: usize = 30;

/// A percentile of times: its share, and its quantity.
type Percentile = (f64, &'static Quantity);

/// What is recorded of what is timed: the distribution, and percentiles.
const TIMES: [(Timed, &Quantity, &[Percentile]); 5] = [
    (Timed::Tcp, &quantity::TCP_CONNECT_NS, &[(0.99, &quantity::TCP_CONNECT_P99_NS)]),
    (Timed::Tls, &quantity::TLS_CONNECT_NS, &[(0.99, &quantity::TLS_CONNECT_P99_NS)]),
    (Timed::FirstByte, &quantity::RESPONSE_BEGUN_NS, &[(0.99, &quantity::RESPONSE_BEGUN_P99_NS)]),
    (
        Timed::Connection,
        &quantity::CONNECTION_NS,
        &[
            (0.5, &quantity::CONNECTION_P50_NS),
            (0.9, &quantity::CONNECTION_P90_NS),
            (0.99, &quantity::CONNECTION_P99_NS),
        ],
    ),
    (
        Timed::Corrected,
        &quantity::CORRECTED_CONNECTION_NS,
        &[
            (0.5, &quantity::CORRECTED_CONNECTION_P50_NS),
            (0.9, &quantity::CORRECTED_CONNECTION_P90_NS),
            (0.99, &quantity::CORRECTED_CONNECTION_P99_NS),
        ],
    ),
];

/// Adds what was measured to `case`. Times are corrected for coordinated omission where connections began by the clock
/// (`is_open_loop`).
///
/// # Errors
/// Where a histogram can't be written.
pub fn record(case: &mut Case, found: &Found, is_open_loop: bool, seed: u64) -> Result<(), Error> {
    rates(case, found, seed);
    for (timed, quantity, percentiles) in TIMES {
        if timed == Timed::Corrected && !is_open_loop {
            continue;
        }
        let windows: Vec<Buckets> = found.windows.iter().map(|window| window.times[timed as usize].clone()).collect();
        if let Some(metric) = Buckets::metric(quantity, &windows, seed)? {
            case.metrics.insert(key(Side::Client, quantity), metric);
        }
        let all = Buckets::sum(&windows);
        for (share, quantity) in percentiles {
            let samples: Vec<f64> = all.telling_percentile(*share).into_iter().collect();
            case.record(Side::Client, quantity, &samples, seed);
        }
    }
    let setups = found.statistics.accepted.max(1) as f64;
    let calls = found.statistics.syscalls.total() as f64 / setups;
    case.record(Side::Client, &quantity::SYSCALLS_PER_CONNECTION, &[calls], seed);
    Ok(())
}

/// Connections per second, and what they cost, in each part of the time.
fn rates(case: &mut Case, found: &Found, seed: u64) {
    let whole = &found.windows[..found.whole_windows];
    // A run so short that it has no whole window is one.
    let (parts, window_s) = if whole.len() < 2 {
        (vec![sum(&found.windows)], found.elapsed.as_secs_f64())
    } else {
        let joined = whole.len().div_ceil(SAMPLES_MAX);
        let parts = whole.chunks_exact(joined).map(sum).collect();
        (parts, found.window.as_secs_f64() * joined as f64)
    };
    let rate: Vec<f64> = parts.iter().map(|part| part.completed as f64 / window_s.max(1e-9)).collect();
    case.record(Side::Total, &quantity::HANDSHAKES_PER_S, &rate, seed);
    let busy = || parts.iter().filter(|part| part.completed > 0);
    let cpu_us: Vec<f64> = busy().map(|part| part.cpu_ns as f64 / 1e3 / part.completed as f64).collect();
    let per_cpu_s: Vec<f64> = cpu_us.iter().map(|cpu_us| 1e6 / cpu_us).collect();
    case.record(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, &cpu_us, seed);
    case.record(Side::Client, &quantity::HANDSHAKES_PER_CPU_S, &per_cpu_s, seed);
}

fn sum(windows: &[Window]) -> Window {
    let mut sum = Window::default();
    windows.iter().for_each(|window| sum.merge(window));
    sum
}
