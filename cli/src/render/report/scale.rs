//! Numbers to places on an axis, and the round numbers that are written beside it.

use crate::units::{format_quantity, significant};

/// Where values are on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
}

/// An axis that no value can leave: beyond it a difference is no number.
const WIDEST: f64 = 1e300;

impl Scale {
    /// From zero to the largest value, or from the least where one is negative.
    pub(super) fn from_zero(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = span(values).unwrap_or((0.0, 1.0));
        Self::linear(low.min(0.0), high.max(0.0))
    }

    /// Up to a limit that values have by their nature, or beyond where they are, from a round number below them: shares near
    /// the whole can't be told apart on an axis from zero.
    pub(super) fn below_limit(values: impl IntoIterator<Item = f64>, limit: f64) -> Self {
        let (low, high) = span(values.into_iter().chain([limit])).unwrap_or((0.0, 1.0));
        Self::linear(low, high)
    }

    /// From zero to exactly the largest value, so that bars are as long as there is room.
    pub(super) fn bars(values: impl IntoIterator<Item = f64>) -> Self {
        match span(values) {
            Some((low, high)) if high > low.min(0.0) => Self { low: low.min(0.0), high: high.max(0.0), is_log: false },
            _ => Self::linear(0.0, 1.0),
        }
    }

    /// As far to the left of zero as to the right.
    pub(super) fn mirrored(farthest: f64) -> Self {
        let farthest = if farthest.is_finite() && farthest > 0.0 { farthest.min(WIDEST) } else { 1.0 };
        Self { low: -farthest, high: farthest, is_log: false }
    }

    /// Powers of ten at equal distances. Where a value has none, from zero instead.
    pub(super) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        match span(values) {
            Some((low, high)) if low > 1e-200 => {
                Self { low: round_log(low, false), high: round_log(high, true), is_log: true }
            }
            Some((low, high)) => Self::linear(low.min(0.0), high.max(0.0)),
            None => Self::linear(0.0, 1.0),
        }
    }

    /// From exactly the least to exactly the largest.
    pub(super) fn exactly(values: impl IntoIterator<Item = f64>) -> Self {
        match span(values) {
            Some((low, high)) if high > low => Self { low, high, is_log: false },
            Some((value, _)) => Self { low: value - 1.0, high: value + 1.0, is_log: false },
            None => Self { low: 0.0, high: 1.0, is_log: false },
        }
    }

    /// Just what the values need, with some air: not from zero.
    pub(super) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = span(values).unwrap_or((0.0, 1.0));
        let air = ((high - low) * 0.12).max(high.abs().max(low.abs()) * 0.004);
        let low = if low >= 0.0 { (low - air).max(0.0) } else { low - air };
        let high = high + air;
        Self { low, high: if high > low { high } else { low + 1.0 }, is_log: false }
    }

    fn linear(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + low.abs().max(1.0) };
        let step = step(high - low, 4.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, is_log: false }
    }

    /// The ends of the axis.
    pub(super) const fn ends(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Whether equal distances are equal factors.
    pub(super) const fn is_log(&self) -> bool {
        self.is_log
    }

    /// From 0 at the low end to 1 at the high one, and never beyond.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.is_log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Round numbers from end to end.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.is_log { self.log_ticks() } else { self.linear_ticks() }
    }

    fn linear_ticks(&self) -> Vec<f64> {
        let step = step(self.high - self.low, 4.0);
        let first = (self.low / step - 1e-6).ceil();
        let ticks = (0..12).map(|index| (first + f64::from(index)) * step);
        // What should be zero is, in spite of rounding.
        let ticks = ticks.map(|tick| if tick.abs() < step / 1e6 { 0.0 } else { tick });
        ticks.take_while(|tick| *tick <= self.high + step / 1e6).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let factors: &[f64] = if decades > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let every = ((last - first) / 6).max(1) as usize;
        let powers = (first..=last).step_by(every).map(|power| 10_f64.powi(power));
        let ticks = powers.flat_map(|power| factors.iter().map(move |factor| factor * power));
        ticks.filter(|tick| (self.low * 0.999..=self.high * 1.001).contains(tick)).collect()
    }
}

/// One unit for all ticks of an axis: the factor that values are divided by, and its name.
pub(super) fn axis_unit(unit: &str, largest: f64) -> (f64, String) {
    let largest = largest.abs();
    match unit {
        "B/s" | "B" => scaled(largest, unit, &[(1e9, "G"), (1e6, "M"), (1e3, "k")]),
        "1/s" => scaled(largest, "/s", &[(1e6, "M"), (1e3, "k")]),
        "ns" => scaled_time(largest, 1.0),
        "us" => scaled_time(largest, 1e3),
        "ratio" => (0.01, "%".to_owned()),
        "" => (1.0, "count".to_owned()),
        per => (1.0, per.strip_prefix("1/").map_or_else(|| per.to_owned(), |what| format!("per {what}"))),
    }
}

fn scaled(largest: f64, unit: &str, prefixes: &[(f64, &str)]) -> (f64, String) {
    let found = prefixes.iter().find(|(factor, _)| largest >= *factor);
    found.map_or_else(|| (1.0, unit.to_owned()), |(factor, prefix)| (*factor, format!("{prefix}{unit}")))
}

fn scaled_time(largest: f64, nanoseconds: f64) -> (f64, String) {
    const UNITS: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    let found = UNITS.iter().find(|(factor, _)| largest * nanoseconds >= *factor).unwrap_or(&UNITS[3]);
    (found.0 / nanoseconds, found.1.to_owned())
}

/// The numbers of an axis' ticks, in a unit that is `factor` of theirs: with as many decimals as it takes to tell them apart.
pub(super) fn tick_labels(scale: &Scale, ticks: &[f64], factor: f64) -> Vec<String> {
    if scale.is_log() {
        return ticks.iter().map(|tick| tick_label(tick / factor)).collect();
    }
    let step = ticks.windows(2).map(|pair| (pair[1] - pair[0]).abs() / factor).fold(f64::MAX, f64::min);
    let is_exact = |decimals: &usize| {
        let unit = 0.1_f64.powi(*decimals as i32);
        ticks.iter().all(|tick| ((tick / factor / unit).round() * unit - tick / factor).abs() < step / 100.0)
    };
    match (0..=6).find(is_exact) {
        Some(decimals) => ticks.iter().map(|tick| format!("{:.decimals$}", tick / factor)).collect(),
        None => ticks.iter().map(|tick| tick_label(tick / factor)).collect(),
    }
}

/// A number, without zeros that say nothing.
fn tick_label(value: f64) -> String {
    let text = if value != 0.0 && value.abs() < 0.001 { format!("{value:.1e}") } else { significant(value) };
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A value with its unit, and micro as people write it.
pub(super) fn quantity(value: f64, unit: &str) -> String {
    if unit.is_empty() {
        return tick_label(value);
    }
    let text = format_quantity(value, unit);
    text.strip_suffix(" us").map_or_else(|| text.clone(), |number| format!("{number} µs"))
}

/// The least and the largest of what is a number.
fn span(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let numbers = values.into_iter().filter(|value| value.abs() < WIDEST);
    numbers.fold(None, |span, value| match span {
        None => Some((value, value)),
        Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
    })
}

/// The distance of round numbers that cuts `length` into about so many parts.
fn step(length: f64, parts: f64) -> f64 {
    let rough = (length / parts).max(1e-290);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

/// The next 1, 2 or 5 times a power of ten.
fn round_log(value: f64, up: bool) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let found = if up {
        steps.into_iter().find(|step| *step >= value * 0.999)
    } else {
        steps.into_iter().rev().find(|step| *step <= value * 1.001)
    };
    found.unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_from_end_to_end() {
        assert_eq!(Scale::from_zero([0.7, 3.56]).ticks(), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(Scale::from_zero([-0.5, 1.0]).ticks(), [-0.5, 0.0, 0.5, 1.0]);
        assert_eq!(Scale::below_limit([0.68, 0.97], 1.0).ticks().len(), 5);
        assert_eq!(Scale::below_limit([0.68, 0.97], 1.0).place(0.8).to_string().get(..3), Some("0.5"));
        assert_eq!(Scale::log([160.0, 11_000.0]).ticks(), [100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4]);
        assert_eq!(Scale::log([2.0, 90_000.0]).ticks(), [10.0, 100.0, 1e3, 1e4, 1e5]);
        assert_eq!(Scale::mirrored(0.2).ticks(), [-0.2, -0.1, 0.0, 0.1, 0.2]);
    }

    #[test]
    fn places_go_from_zero_to_one_and_not_beyond() {
        let scale = Scale::exactly([4.0, 16.0]);
        assert_eq!([4.0, 10.0, 16.0, 1e9, 0.0].map(|value| scale.place(value)), [0.0, 0.5, 1.0, 1.0, 0.0]);
        assert_eq!(Scale::exactly([3.0]).place(3.0), 0.5);
        assert_eq!(Scale::from_zero([4.0]).place(1.0), 0.25);
    }

    #[test]
    fn an_axis_bears_whatever_a_file_says() {
        let values = [0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 1e-308, 5e-324, f64::NAN, f64::INFINITY, 0.1, 1e299];
        for a in values {
            for b in values {
                for scale in [
                    Scale::from_zero([a, b]),
                    Scale::bars([a, b]),
                    Scale::below_limit([a], 1.0),
                    Scale::log([a, b]),
                    Scale::exactly([a, b]),
                    Scale::around([a, b]),
                    Scale::mirrored(a),
                ] {
                    assert!(scale.ticks().len() < 40, "{scale:?}");
                    for value in values {
                        assert!((0.0..=1.0).contains(&scale.place(value)), "{value} on {scale:?}");
                    }
                }
            }
        }
        assert_eq!(Scale::from_zero([]).ticks().len(), 5);
    }

    #[test]
    fn an_axis_has_one_unit() {
        assert_eq!(axis_unit("B/s", 12e9), (1e9, "GB/s".to_owned()));
        assert_eq!(axis_unit("us", 0.5), (1e-3, "ns".to_owned()));
        let labels = |low: f64, high: f64, factor: f64| {
            let scale = Scale::exactly([low, high]);
            tick_labels(&scale, &scale.ticks(), factor)
        };
        assert_eq!(labels(0.95, 1.05, 0.01), ["95.0", "97.5", "100.0", "102.5", "105.0"]);
        assert_eq!(labels(0.0, 4e9, 1e9), ["0", "1", "2", "3", "4"]);
        assert_eq!(labels(1e-12, 2e-12, 1.0).len(), 5);
        assert_eq!(axis_unit("1/MiB", 3.0), (1.0, "per MiB".to_owned()));
        assert_eq!([0.0, 0.25, 2.50, 10.0, 1500.0, 1e-7].map(tick_label), ["0", "0.25", "2.5", "10", "1500", "1.0e-7"]);
    }
}
