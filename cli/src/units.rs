//! Numbers with units: what people type, and what tables print.

use core::fmt;
use core::str::FromStr;
use std::time::Duration;

/// An amount of data. Typed as `64`, `16k`, `16KiB`, `1m` (powers of 1,024) or `16kB` (powers of 1,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A count. Typed as `500`, `10k`, `2.5m` (powers of 1,000).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u64);

/// The input is not a valid number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(String);

impl FromStr for Bytes {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let help = "expected a size such as 64, 16k, 16KiB or 16kB";
        scaled(text, help, |suffix| match suffix {
            "" | "b" => Some(1),
            "k" | "kib" => Some(1 << 10),
            "m" | "mib" => Some(1 << 20),
            "g" | "gib" => Some(1 << 30),
            "kb" => Some(1_000),
            "mb" => Some(1_000_000),
            "gb" => Some(1_000_000_000),
            _ => None,
        })
        .map(Self)
    }
}

impl FromStr for Count {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        scaled(text, "expected a count such as 500, 10k or 1m", |suffix| match suffix {
            "" => Some(1),
            "k" => Some(1_000),
            "m" => Some(1_000_000),
            "g" => Some(1_000_000_000),
            _ => None,
        })
        .map(Self)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match UNITS.iter().find(|(factor, _)| self.0 >= *factor && self.0.is_multiple_of(*factor)) {
            Some((factor, unit)) => f.pad(&format!("{} {unit}", self.0 / factor)),
            None => f.pad(&format!("{} B", grouped(self.0))),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&grouped(self.0))
    }
}

/// A duration: `10s`, `500ms`, `1m 30s`, `1.5s`. A bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, ParseError> {
    let text = text.trim();
    let is_bare = !text.is_empty() && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    // The zero is for `.25`.
    let seconds = is_bare.then(|| format!("0{text}s"));
    humantime::parse_duration(seconds.as_deref().unwrap_or(text)).map_err(|error| {
        ParseError(format!("expected a duration such as 10s, 500ms, 2m, or a number of seconds: {error}"))
    })
}

/// A share, 0 to 1. Typed as `5%` or `0.05`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(pub f64);

/// Parses a share.
pub fn parse_share(text: &str) -> Result<Share, ParseError> {
    let (number, factor) = text.trim().strip_suffix('%').map_or((text, 1.0), |percent| (percent, 0.01));
    let share = number.trim().parse::<f64>().map(|number| number * factor);
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(Share(share)),
        _ => Err(ParseError("expected a share such as 5% or 0.05".to_owned())),
    }
}

/// A duration for display, in the largest unit that leaves a digit before the point.
pub fn format_duration(duration: Duration) -> String {
    format_quantity(duration.as_nanos() as f64, "ns")
}

/// A number with the singular or the plural of what it counts.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `value` with thousands separators.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `value` for display, given its unit in the results document: scaled, with about three significant digits.
pub fn format_quantity(value: f64, unit: &str) -> String {
    const RATES: [(f64, &str); 4] = [(1e9, "GB/s"), (1e6, "MB/s"), (1e3, "kB/s"), (1.0, "B/s")];
    const TIMES: [(f64, &str); 4] = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];
    const FREQUENCIES: [(f64, &str); 3] = [(1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")];
    match unit {
        "B/s" => scaled_text(value, &RATES),
        "ns" => scaled_text(value, &TIMES),
        "us" => scaled_text(value * 1e3, &TIMES),
        "1/s" => scaled_text(value, &FREQUENCIES),
        "B" => scaled_text(value, &[(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")]),
        "ratio" => format!("{:.1} %", value * 100.0),
        "" if value.fract() == 0.0 && value.abs() < 1e6 => format!("{value}"),
        "" => significant(value),
        // Such as 1/MiB.
        per if per.starts_with("1/") => format!("{}{}", significant(value), &per[1..]),
        other => format!("{} {other}", significant(value)),
    }
}

/// `value` with about three significant digits, never in exponent form.
pub fn significant(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if !size.is_finite() || size == 0.0 => 0,
        _ if size >= 100.0 => 0,
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 => 2,
        _ if size >= 0.1 => 3,
        _ => 4,
    };
    format!("{value:.decimals$}")
}

fn scaled_text(value: f64, units: &[(f64, &str)]) -> String {
    let smallest = units.len() - 1;
    let (factor, unit) =
        units.iter().find(|(factor, _)| value.abs() >= *factor).copied().unwrap_or_else(|| units[smallest]);
    format!("{} {unit}", significant(value / factor))
}

/// Parses a number, with or without a decimal point, and a suffix that `factor` recognizes in lower case.
fn scaled(text: &str, help: &str, factor: impl Fn(&str) -> Option<u64>) -> Result<u64, ParseError> {
    let refuse = || ParseError(help.to_owned());
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let number = number.replace('_', "");
    let factor = factor(&suffix.trim().to_ascii_lowercase()).ok_or_else(refuse)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let whole: u64 = whole.parse().map_err(|_| refuse())?;
    let too_large = || ParseError("this number is too large".to_owned());
    let mut value = whole.checked_mul(factor).ok_or_else(too_large)?;
    if number.contains('.') {
        // The fraction is parsed digit by digit, so that no amount is silently rounded.
        if fraction.is_empty() || fraction.len() > 9 {
            return Err(refuse());
        }
        let digits: u64 = fraction.parse().map_err(|_| refuse())?;
        let scale = 10_u64.pow(fraction.len() as u32);
        let product = digits.checked_mul(factor).ok_or_else(too_large)?;
        if !product.is_multiple_of(scale) {
            return Err(ParseError("this is not a whole number".to_owned()));
        }
        value = value.checked_add(product / scale).ok_or_else(too_large)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_unless_they_say_otherwise() {
        for (text, bytes) in [
            ("0", 0),
            ("64", 64),
            ("64B", 64),
            ("16k", 16_384),
            ("16KiB", 16_384),
            ("16 kib", 16_384),
            ("16kB", 16_000),
            ("1.5k", 1_536),
            ("1m", 1 << 20),
            ("2g", 2 << 30),
            ("1_000", 1_000),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn counts_are_decimal() {
        for (text, count) in [("7", 7), ("10k", 10_000), ("2.6k", 2_600), ("1m", 1_000_000)] {
            assert_eq!(text.parse(), Ok(Count(count)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "k", "-1", "1.", ".5k", "1.2.3", "1q", "0.3", "99999999999999999999", "18446744073709551615k"]
        {
            assert!(text.parse::<Bytes>().is_err(), "{text}");
            assert!(text.parse::<Count>().is_err(), "{text}");
        }
        assert!("10kib".parse::<Count>().is_err());
    }

    #[test]
    fn durations_have_units_and_bare_numbers_are_seconds() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("1m 30s", 90_000),
            ("5", 5_000),
            (" 0 ", 0),
            ("0.5", 500),
            (".25", 250),
            ("1.5s", 1_500),
            ("0.5 min", 30_000),
            ("2.5ms", 2),
        ] {
            assert_eq!(parse_duration(text).map(|duration| duration.as_millis()), Ok(milliseconds), "{text}");
        }
        let long = "9".repeat(30);
        for text in ["", ".", "1.2.3", "soon", "-1", "1.5q", "1e3", "NaN", &long, &format!("{long}.0")] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_between_nothing_and_all() {
        assert_eq!(parse_share("5%"), Ok(Share(0.05)));
        assert_eq!(parse_share(" 0.25 "), Ok(Share(0.25)));
        for text in ["", "%", "-1%", "101%", "1.5", "NaN", "inf", "five"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quantities_print_in_a_fitting_unit() {
        assert_eq!(format_quantity(11_916e6, "B/s"), "11.9 GB/s");
        assert_eq!(format_quantity(950e3, "B/s"), "950 kB/s");
        assert_eq!(format_quantity(0.917, "ratio"), "91.7 %");
        assert_eq!(format_quantity(0.0842, "ns/B"), "0.0842 ns/B");
        assert_eq!(format_quantity(727_300.0, "1/s"), "727 k/s");
        assert_eq!(format_quantity(0.0, "B/B"), "0 B/B");
        assert_eq!(format_quantity(4.267, "1/MiB"), "4.27/MiB");
        assert_eq!(format_duration(Duration::from_micros(1500)), "1.50 ms");
        assert_eq!(Bytes(16_384).to_string(), "16 KiB");
        assert_eq!(Bytes(1_350).to_string(), "1,350 B");
        assert_eq!(Count(1_234_567).to_string(), "1,234,567");
    }
}
