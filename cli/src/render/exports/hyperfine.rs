//! What `hyperfine --export-json` writes: all times in seconds, one entry for each metric.

use serde::Serialize;

use super::{Chosen, Exported, json};
use crate::error::Error;
use crate::schema::Metric;
use crate::stats;

#[derive(Serialize)]
struct Results {
    results: Vec<Entry>,
}

/// Processor time in two parts is not known, and no command was run: nulls, and no exit codes.
#[derive(Serialize)]
struct Entry {
    command: String,
    mean: f64,
    stddev: Option<f64>,
    median: f64,
    user: Option<f64>,
    system: Option<f64>,
    min: f64,
    max: f64,
    times: Vec<f64>,
    exit_codes: [Option<i32>; 0],
}

pub(super) fn export(chosen: &[Chosen]) -> Result<Exported, Error> {
    let results: Vec<Entry> = chosen.iter().filter_map(entry).collect();
    if results.is_empty() {
        let [first, ..] = chosen else { return Err(Error::Usage("there is nothing to export".to_owned())) };
        return Err(Error::Usage(format!(
            "hyperfine's form holds times in seconds, and none of these metrics is a time (such as {} in '{}'); \
             --for bencher takes all of them",
            first.key, first.metric.unit
        )));
    }
    let metrics = results.len();
    Ok(Exported { name: "hyperfine.json", text: json(&Results { results })?, metrics })
}

/// `None` where the metric is no time.
fn entry(chosen: &Chosen) -> Option<Entry> {
    let per_second = units_per_second(chosen.metric)?;
    let times: Vec<f64> = chosen.metric.samples.iter().map(|sample| sample / per_second).collect();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    Some(Entry {
        command: chosen.full_name(),
        mean,
        stddev: deviation(&times, mean),
        median: stats::median(&times)?,
        user: None,
        system: None,
        min: times.iter().copied().reduce(f64::min)?,
        max: times.iter().copied().reduce(f64::max)?,
        times,
        exit_codes: [],
    })
}

fn units_per_second(metric: &Metric) -> Option<f64> {
    // A difference of times, which may be below zero, is no time.
    let is_difference = metric.samples.iter().any(|sample| *sample < 0.0);
    match metric.unit.as_str() {
        _ if is_difference => None,
        "s" => Some(1.0),
        "ms" => Some(1e3),
        "us" => Some(1e6),
        "ns" => Some(1e9),
        _ => None,
    }
}

/// That of a sample, over one less than there are; one alone has none.
fn deviation(times: &[f64], mean: f64) -> Option<f64> {
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    (times.len() > 1).then(|| (squares / (times.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Case, Side, quantity};

    #[test]
    fn times_are_told_in_seconds_whatever_their_unit() {
        let mut case = Case::new("handshake/aes128gcm");
        case.record(Side::Client, &quantity::CPU_US_PER_HANDSHAKE, &[2.0, 4.0, 9.0], 1);
        case.record(Side::Total, &quantity::HANDSHAKE_NS, &[1500.0], 1);
        case.record(Side::Total, &quantity::HANDSHAKES_PER_S, &[4e3], 1);
        let entries: Vec<Entry> =
            case.metrics.iter().filter_map(|(key, metric)| entry(&Chosen { case: &case, key, metric })).collect();
        let [cpu, time] = &entries[..] else { panic!("{} entries", entries.len()) };
        assert_eq!(cpu.command, "handshake/aes128gcm client.cpu_us_per_handshake");
        assert_eq!((cpu.min, cpu.median, cpu.max), (2e-6, 4e-6, 9e-6));
        assert!((cpu.mean - 5e-6).abs() < 1e-15);
        assert!(cpu.stddev.is_some_and(|deviation| (deviation - 13_f64.sqrt() * 1e-6).abs() < 1e-15));
        assert_eq!((time.mean, time.stddev, &time.times[..]), (1.5e-6, None, &[1.5e-6][..]));
    }
}
