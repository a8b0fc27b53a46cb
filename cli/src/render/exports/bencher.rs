//! Bencher Metric Format: each case is a benchmark, each metric one of its measures, with the interval.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Chosen, Exported, json};
use crate::error::Error;

/// The longest names that Bencher takes, of a benchmark and of a measure.
const BENCHMARK_NAME_MAX: usize = 1024;
const MEASURE_NAME_MAX: usize = 64;

#[derive(Serialize)]
struct Value {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

pub(super) fn export(all: &[Chosen]) -> Result<Exported, Error> {
    let mut benchmarks: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for chosen in all {
        let Chosen { case, key, metric } = chosen;
        check("case", &case.id, BENCHMARK_NAME_MAX)?;
        check("metric", key, MEASURE_NAME_MAX)?;
        let [lower_value, upper_value] = chosen.interval().map_or([None; 2], |interval| interval.map(Some));
        let value = Value { value: metric.median, lower_value, upper_value };
        benchmarks.entry(&case.id).or_default().insert(key, value);
    }
    Ok(Exported { name: "bencher.json", text: json(&benchmarks)?, metrics: all.len() })
}

/// It refuses a whole file for one name.
fn check(what: &str, name: &str, max: usize) -> Result<(), Error> {
    if name.chars().count() > max {
        return Err(Error::Usage(format!(
            "Bencher takes no name longer than {max} characters, as this {what} has: {name}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Case, Side, quantity};

    #[test]
    fn names_that_bencher_refuses_are_told_before() {
        for (case, metric, is_taken) in [
            ("a".repeat(BENCHMARK_NAME_MAX), "m".repeat(MEASURE_NAME_MAX), true),
            ("a".repeat(BENCHMARK_NAME_MAX + 1), "m".to_owned(), false),
            ("a".to_owned(), "m".repeat(MEASURE_NAME_MAX + 1), false),
        ] {
            let mut case = Case::new(case);
            case.record(Side::Send, &quantity::EFFICIENCY, &[0.9], 1);
            let measured = &case.metrics["send.efficiency"];
            let chosen = [Chosen { case: &case, key: &metric, metric: measured }];
            assert_eq!(export(&chosen).is_ok(), is_taken, "{} {}", case.id.len(), metric.len());
        }
    }
}
