use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};

use crate::error::Error;
use crate::schema::Metric;
use crate::schema::quantity::Quantity;

/// The longest time that can be distinguished from longer ones, nanoseconds.
const LONGEST_NS: u64 = 10_000_000_000;
/// The number of significant digits of a time.
const DIGITS: u8 = 3;

/// The number of samples that must lie beyond a percentile.
const BEYOND_MIN: f64 = 10.0;

/// How many samples a percentile needs.
pub(in crate::workload) fn samples_needed(share: f64) -> f64 {
    BEYOND_MIN / (1.0 - share)
}

/// Collects the times of several blocks.
pub(in crate::workload) struct Times(Histogram<u64>);

impl Times {
    pub(in crate::workload) fn new() -> Result<Self, Error> {
        let mut times = empty()?;
        // Its memory is the system's only once it is touched, which is not left to what is timed.
        times.clear();
        Ok(Self(times))
    }

    pub(in crate::workload) fn record(&mut self, time_ns: u64) {
        self.0.saturating_record(time_ns);
    }

    /// The recorded times, which are forgotten here.
    pub(in crate::workload) fn take(&mut self) -> Buckets {
        if self.0.is_empty() {
            return Buckets::default();
        }
        let buckets = self.buckets();
        self.0.reset();
        buckets
    }

    /// The recorded times. They take less memory than the histogram, which reserves space for every possible value.
    pub(in crate::workload) fn buckets(&self) -> Buckets {
        Buckets(self.0.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())).collect())
    }
}

/// Times in nanoseconds with their counts, shortest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets(pub(in crate::workload) Vec<(u64, u64)>);

impl Buckets {
    /// The number of times.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The time that this share of them does not exceed. `None` if there are none.
    pub(in crate::workload) fn percentile(&self, share: f64) -> Option<f64> {
        let target = (self.count() as f64 * share).ceil().max(1.0) as u64;
        let mut below = 0;
        self.0.iter().find_map(|(value, count)| {
            below += count;
            (below >= target).then_some(*value as f64)
        })
    }

    /// The same, where there are enough samples beyond it.
    pub(in crate::workload) fn telling_percentile(&self, share: f64) -> Option<f64> {
        self.percentile(share).filter(|_| self.count() as f64 >= samples_needed(share))
    }

    /// All of them added up.
    pub(in crate::workload) fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = BTreeMap::new();
        for (value, count) in all.into_iter().flat_map(|buckets| &buckets.0) {
            *sum.entry(*value).or_insert(0) += count;
        }
        Self(sum.into_iter().collect())
    }

    /// All of them as one metric, whose samples are the medians of the rounds. `None` if there are none.
    pub fn metric(quantity: &Quantity, rounds: &[Self], seed: u64) -> Result<Option<Metric>, Error> {
        let medians: Vec<f64> = rounds.iter().filter_map(|round| round.percentile(0.5)).collect();
        let Some(mut metric) = Metric::of(quantity, &medians, seed) else { return Ok(None) };
        let mut histogram = empty()?;
        for (value, count) in Self::sum(rounds).0 {
            histogram.saturating_record_n(value, count);
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&histogram, &mut bytes)
            .map_err(|error| Error::Failed(format!("a histogram can't be written: {error}")))?;
        metric.histogram = Some(STANDARD.encode(bytes));
        Ok(Some(metric))
    }
}

fn empty() -> Result<Histogram<u64>, Error> {
    Histogram::new_with_bounds(1, LONGEST_NS, DIGITS).map_err(|error| Error::Failed(format!("no histogram: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::quantity::ROUND_TRIP_NS;

    #[test]
    fn all_times_are_in_the_histogram_of_the_document() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut round = |_| {
            let mut times = Times::new().expect("a histogram");
            (0..100).for_each(|_| times.record(random.u64(1_000..1_001_000)));
            times.buckets()
        };
        let rounds: Vec<Buckets> = (0..5).map(&mut round).collect();
        let metric = Buckets::metric(&ROUND_TRIP_NS, &rounds, 1).expect("a histogram").expect("a metric");
        let bytes = STANDARD.decode(metric.histogram.expect("it has one")).expect("base64");
        let read: Histogram<u64> =
            hdrhistogram::serialization::Deserializer::new().deserialize(&mut &bytes[..]).expect("a histogram");
        assert_eq!((read.len(), metric.samples.len()), (500, 5));
        assert_eq!(Some(read.value_at_quantile(0.99) as f64), Buckets::sum(&rounds).percentile(0.99));
        assert_eq!(Buckets::metric(&ROUND_TRIP_NS, &[], 1).expect("no error"), None);
    }
}
