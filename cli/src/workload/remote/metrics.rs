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
type Recorded = (Timed, &'static Quantity, &'static [Percentile]);

/// Of connections.
const TIMES: [Recorded; 5] = [
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

/// Of requests one after the other, each of which is timed as connections are otherwise.
const REQUEST_TIMES: [Recorded; 2] = [
    (Timed::FirstByte, &quantity::RESPONSE_BEGUN_NS, &[(0.99, &quantity::RESPONSE_BEGUN_P99_NS)]),
    (
        Timed::Connection,
        &quantity::RESPONSE_NS,
        &[
            (0.5, &quantity::RESPONSE_P50_NS),
            (0.9, &quantity::RESPONSE_P90_NS),
            (0.99, &quantity::RESPONSE_P99_NS),
            (0.999, &quantity::RESPONSE_P999_NS),
        ],
    ),
];

/// Adds what was measured of connections to `case`. Times are corrected for coordinated omission where connections began by the clock
/// (`is_open_loop`).
///
/// # Errors
/// Where a histogram can't be written.
pub fn record(case: &mut Case, found: &Found, is_open_loop: bool, seed: u64) -> Result<(), Error> {
    let parts = Parts::of(found);
    case.record(Side::Total, &quantity::HANDSHAKES_PER_S, &parts.per_s(|part| part.completed), seed);
    let cpu_us = parts.cpu_us();
    case.record(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, &cpu_us, seed);
    case.record(Side::Client, &quantity::HANDSHAKES_PER_CPU_S, &per_cpu_s(&cpu_us), seed);
    let is_told = |recorded: &&Recorded| recorded.0 != Timed::Corrected || is_open_loop;
    TIMES.iter().filter(is_told).try_for_each(|recorded| times(case, found, recorded, seed))?;
    let calls = found.statistics.syscalls.total() as f64 / found.statistics.accepted.max(1) as f64;
    case.record(Side::Client, &quantity::SYSCALLS_PER_CONNECTION, &[calls], seed);
    Ok(())
}

/// Adds what was measured of requests that were repeated to `case`.
///
/// # Errors
/// Where a histogram can't be written.
pub fn record_requests(case: &mut Case, found: &Found, sends: bool, seed: u64) -> Result<(), Error> {
    let parts = Parts::of(found);
    let bytes = |part: &Window| if sends { part.sent_bytes } else { part.received_bytes };
    case.record(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S, &parts.per_s(bytes), seed);
    case.record(Side::Total, &quantity::REQUESTS_PER_S, &parts.per_s(|part| part.completed), seed);
    let cpu_us = parts.cpu_us();
    case.record(Side::Client, &quantity::CPU_US_PER_REQUEST, &cpu_us, seed);
    case.record(Side::Client, &quantity::REQUESTS_PER_CPU_S, &per_cpu_s(&cpu_us), seed);
    let moved = parts.all.iter().filter(|part| bytes(part) > 0);
    let cpu_ns: Vec<f64> = moved.map(|part| part.cpu_ns as f64 / bytes(part) as f64).collect();
    case.record(Side::Client, &quantity::CPU_NS_PER_BYTE, &cpu_ns, seed);
    let resident = found.resident.and_then(|resident| resident.per_connection());
    let resident: Vec<f64> = resident.map(|bytes| bytes as f64).into_iter().collect();
    case.record(Side::Client, &quantity::RESIDENT_BYTES_PER_CONNECTION, &resident, seed);
    REQUEST_TIMES.iter().try_for_each(|recorded| times(case, found, recorded, seed))
}

fn times(case: &mut Case, found: &Found, (timed, quantity, percentiles): &Recorded, seed: u64) -> Result<(), Error> {
    let windows: Vec<Buckets> = found.windows.iter().map(|window| window.times[*timed as usize].clone()).collect();
    if let Some(metric) = Buckets::metric(quantity, &windows, seed)? {
        case.metrics.insert(key(Side::Client, quantity), metric);
    }
    let all = Buckets::sum(&windows);
    for (share, quantity) in *percentiles {
        let samples: Vec<f64> = all.telling_percentile(*share).into_iter().collect();
        case.record(Side::Client, quantity, &samples, seed);
    }
    Ok(())
}

/// The time in parts of one length, each of which is a sample.
struct Parts {
    all: Vec<Window>,
    /// The length of one, seconds.
    seconds: f64,
}

impl Parts {
    fn of(found: &Found) -> Self {
        let whole = &found.windows[..found.whole_windows];
        // A run so short that it has no whole window is one.
        if whole.len() < 2 {
            return Self { all: vec![sum(&found.windows)], seconds: found.elapsed.as_secs_f64() };
        }
        let joined = whole.len().div_ceil(SAMPLES_MAX);
        Self { all: whole.chunks_exact(joined).map(sum).collect(), seconds: found.window.as_secs_f64() * joined as f64 }
    }

    fn per_s(&self, count: impl Fn(&Window) -> u64) -> Vec<f64> {
        self.all.iter().map(|part| count(part) as f64 / self.seconds.max(1e-9)).collect()
    }

    /// The processor time of what was completed, microseconds each.
    fn cpu_us(&self) -> Vec<f64> {
        let busy = self.all.iter().filter(|part| part.completed > 0);
        busy.map(|part| part.cpu_ns as f64 / 1e3 / part.completed as f64).collect()
    }
}

fn per_cpu_s(cpu_us: &[f64]) -> Vec<f64> {
    cpu_us.iter().map(|cpu_us| 1e6 / cpu_us).collect()
}

fn sum(windows: &[Window]) -> Window {
    let mut sum = Window::default();
    windows.iter().for_each(|window| sum.merge(window));
    sum
}
