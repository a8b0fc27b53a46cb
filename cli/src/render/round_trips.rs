//! What round trips come to, in a sentence for each way that data travels.

use super::labels::Labels;
use crate::schema::quantity::{self, Quantity};
use crate::schema::{Case, Metric, Side};
use crate::units::format_quantity;

/// The most cases that a sentence names.
const NAMED_MAX: usize = 6;

/// Such as "AES-128-GCM 64 B, one-thread loopback: TLS adds 1.70 µs ±0.05 µs to a round trip of 21.3 µs over plain TCP; 99 % of
/// them take 31.0 µs at most." Of several cases: "One-thread loopback, AES-128-GCM: TLS adds to a round trip over plain TCP: 64 B
/// 1.70 µs ±0.05 µs, 4 KiB 2.90 µs ±0.08 µs."
pub(super) fn sentence(cases: &[&Case], labels: &Labels) -> Option<String> {
    match cases {
        [case] => one(case, labels),
        _ => several(cases, labels),
    }
}

fn one(case: &Case, labels: &Labels) -> Option<String> {
    let name = [labels.own.first()?.as_str(), labels.common.as_str()].into_iter().filter(|part| !part.is_empty());
    let name = name.collect::<Vec<_>>().join(", ");
    let half = told(case, &quantity::ROUND_TRIP_P50_NS)?;
    let raw_tcp = told(case, &quantity::RAW_TCP_ROUND_TRIP_P50_NS);
    let first = match (metric(case, &quantity::ADDED_ROUND_TRIP_NS), raw_tcp) {
        (Some(added), Some(raw_tcp)) if is_noise(added) => {
            format!(
                "TLS adds nothing beyond the noise ({}) to a round trip of {raw_tcp} over plain TCP",
                precise(added)
            )
        }
        (Some(added), Some(raw_tcp)) => {
            format!("TLS adds {} to a round trip of {raw_tcp} over plain TCP", precise(added))
        }
        _ => format!("half of the round trips take {half} at most"),
    };
    let tail = told(case, &quantity::ROUND_TRIP_P99_NS).map(|most| format!("; 99 % take {most} at most"));
    let due =
        told(case, &quantity::CORRECTED_ROUND_TRIP_P99_NS).map(|most| format!(", and {most} since they were due"));
    Some(format!("{name}: {first}{}{}.", tail.unwrap_or_default(), due.unwrap_or_default()))
}

fn several(cases: &[&Case], labels: &Labels) -> Option<String> {
    let figures = |figure: &dyn Fn(&Case) -> Option<String>| -> Option<String> {
        let named = cases.iter().zip(&labels.own).filter_map(|(case, own)| Some(format!("{own} {}", figure(case)?)));
        let named: Vec<String> = named.collect();
        let more = named.len().checked_sub(NAMED_MAX + 1).map(|more| format!(", and {} more", more + 1));
        let told = named.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>().join(", ");
        (!named.is_empty()).then(|| told + &more.unwrap_or_default())
    };
    let added = figures(&|case| metric(case, &quantity::ADDED_ROUND_TRIP_NS).map(precise));
    let said = match added {
        Some(added) => format!("TLS adds to a round trip over plain TCP: {added}"),
        None => {
            format!(
                "half of the round trips take at most: {}",
                figures(&|case| told(case, &quantity::ROUND_TRIP_P50_NS))?
            )
        }
    };
    let common = if labels.common.is_empty() { String::new() } else { format!("{}: ", labels.common) };
    Some(format!("{common}{said}."))
}

fn metric<'a>(case: &'a Case, quantity: &Quantity) -> Option<&'a Metric> {
    case.metric(Side::Total, quantity)
}

fn told(case: &Case, quantity: &Quantity) -> Option<String> {
    metric(case, quantity).map(|metric| format_quantity(metric.median, &metric.unit))
}

/// Whether the interval has both signs.
fn is_noise(metric: &Metric) -> bool {
    metric.ci95[0] <= 0.0 && metric.ci95[1] >= 0.0
}

/// The median with half of its interval, in its own unit: as a share of a difference it would say little.
pub(super) fn precise(metric: &Metric) -> String {
    let half = (metric.ci95[1] - metric.ci95[0]) / 2.0;
    format!("{} ±{}", format_quantity(metric.median, &metric.unit), format_quantity(half, &metric.unit))
}

#[cfg(test)]
mod tests {
    use super::super::labels::labels;
    use super::*;

    fn case(id: &str, added: [f64; 3]) -> Case {
        let mut case = Case::new(id);
        case.record(Side::Total, &quantity::ROUND_TRIP_P50_NS, &[22_000.0], 1);
        case.record(Side::Total, &quantity::ROUND_TRIP_P99_NS, &[31_000.0], 1);
        case.record(Side::Total, &quantity::RAW_TCP_ROUND_TRIP_P50_NS, &[20_000.0], 1);
        case.record(Side::Total, &quantity::ADDED_ROUND_TRIP_NS, &added, 1);
        case
    }

    fn said(cases: &[Case]) -> String {
        let labels = labels(cases.iter().map(|case| case.id.as_str()));
        sentence(&cases.iter().collect::<Vec<_>>(), &labels).expect("a sentence")
    }

    #[test]
    fn what_tls_adds_is_told_first() {
        let one = said(&[case("latency/loopback-1/aes128gcm/64", [1_900.0, 2_000.0, 2_100.0])]);
        let expected = "AES-128-GCM 64 B, one-thread loopback: TLS adds 2.00 µs ±100 ns to a round trip of 20.0 µs over plain TCP; \
                        99 % take 31.0 µs at most.";
        assert_eq!(one, expected);
        let noise = said(&[case("latency/loopback-2/aes128gcm/64", [-900.0, 100.0, 1_100.0])]);
        assert!(noise.contains("TLS adds nothing beyond the noise (100 ns ±1.00 µs) to a round trip"), "{noise}");
    }

    #[test]
    fn several_cases_stand_in_one_sentence() {
        let several = said(&[
            case("latency/loopback-1/aes128gcm/64/library=tls-engine", [2_000.0; 3]),
            case("latency/loopback-1/aes128gcm/64/library=rustls", [3_000.0; 3]),
        ]);
        let expected = "one-thread loopback, AES-128-GCM, 64 B: TLS adds to a round trip over plain TCP: library=tls-engine 2.00 µs ±0 \
                        ns, library=rustls 3.00 µs ±0 ns.";
        assert_eq!(several, expected);
    }

    #[test]
    fn without_plain_tcp_round_trips_are_told_and_since_when_they_were_due() {
        let mut case = Case::new("latency/remote/aes128gcm/64/rate=100");
        case.record(Side::Total, &quantity::ROUND_TRIP_P50_NS, &[22_000.0], 1);
        case.record(Side::Total, &quantity::ROUND_TRIP_P99_NS, &[31_000.0], 1);
        case.record(Side::Total, &quantity::CORRECTED_ROUND_TRIP_P99_NS, &[1e9], 1);
        let told = said(&[case]);
        let expected =
            "half of the round trips take 22.0 µs at most; 99 % take 31.0 µs at most, and 1.00 s since they were due.";
        assert!(told.ends_with(expected), "{told}");
    }
}
