use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::library::HandshakeKind;

/// After how many handshakes a mix has to repeat: a round has all of its kinds.
const PERIOD_MAX: u64 = 1_000;

/// Kinds of handshakes, and how many there are of each until their order repeats.
///
/// The text of a mix is such as `full=20,resumed=80`. Mixes of the same shares are equal, whatever numbers they were typed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mix(Vec<(HandshakeKind, u32)>);

impl Mix {
    /// Handshakes of one kind.
    pub fn only(kind: HandshakeKind) -> Self {
        Self(vec![(kind, 1)])
    }

    /// The share of the kinds that `is_meant`, 0 to 1.
    pub fn share(&self, is_meant: impl Fn(HandshakeKind) -> bool) -> f64 {
        let meant = self.0.iter().filter(|(kind, _)| is_meant(*kind)).map(|(_, weight)| f64::from(*weight));
        meant.sum::<f64>() / self.period() as f64
    }

    /// The kinds. There is at least one, and one with a signature comes first if there is any.
    pub fn kinds(&self) -> impl Iterator<Item = HandshakeKind> {
        self.0.iter().map(|(kind, _)| *kind)
    }

    /// After how many handshakes the order of the kinds repeats.
    pub fn period(&self) -> usize {
        self.0.iter().map(|(_, weight)| *weight as usize).sum()
    }

    /// The kinds of that many handshakes, as indexes: each kind as evenly among the others as its share allows.
    pub(in crate::workload) fn order(&self) -> Vec<usize> {
        let total = self.period() as i64;
        let mut due = vec![0; self.0.len()];
        let mut order = Vec::with_capacity(self.period());
        for _ in 0..total {
            due.iter_mut().zip(&self.0).for_each(|(due, (_, weight))| *due += i64::from(*weight));
            let most = due.iter().copied().max().unwrap_or(0);
            let next = due.iter().position(|due| *due == most).unwrap_or(0);
            due[next] -= total;
            order.push(next);
        }
        order
    }

    /// The mean of one value of each kind, by its share.
    pub(super) fn mean(&self, values: impl IntoIterator<Item = f64>) -> f64 {
        let sum: f64 = self.0.iter().zip(values).map(|((_, weight), value)| f64::from(*weight) * value).sum();
        sum / self.period() as f64
    }

    /// The mix of these weights in the order of the kinds, with the smallest numbers that have the same shares.
    fn new(mut parts: Vec<(HandshakeKind, u64)>) -> Result<Self, String> {
        parts.sort_by_key(|(kind, _)| *kind as u8);
        let divisor = parts.iter().map(|(_, weight)| *weight).reduce(common_divisor).unwrap_or(1).max(1);
        parts.iter_mut().for_each(|(_, weight)| *weight /= divisor);
        let total = parts.iter().map(|(_, weight)| *weight).fold(0, u64::saturating_add);
        if total > PERIOD_MAX {
            return Err(format!(
                "its order repeats only after {total} handshakes; use rounder shares, which repeat within {PERIOD_MAX}"
            ));
        }
        Ok(Self(parts.into_iter().map(|(kind, weight)| (kind, weight as u32)).collect()))
    }

    /// Reads a text, which may be of one kind.
    fn read(text: &str) -> Result<Self, String> {
        let mut parts: Vec<(HandshakeKind, u64)> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let Some((name, weight)) = part.split_once('=') else {
                return Err(format!("'{part}' has no share; write each kind with one, such as full=20,resumed=80"));
            };
            let kind = HandshakeKind::from_str(name.trim(), false).map_err(|_| {
                let known: Vec<&str> = HandshakeKind::value_variants().iter().map(|kind| kind.name()).collect();
                format!("there is no kind '{}'; there are {}", name.trim(), known.join(", "))
            })?;
            let weight = weight.trim().trim_end_matches('%').parse().map_err(|_| {
                format!("'{}' is no whole number from 1; use full=1,hrr=199 for half a percent", weight.trim())
            })?;
            if weight == 0 {
                return Err(format!("there are no handshakes in {part}; leave it out"));
            }
            if parts.iter().any(|(known, _)| *known == kind) {
                return Err(format!("{} is there twice; add its shares", kind.name()));
            }
            parts.push((kind, weight));
        }
        Self::new(parts)
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mix = Self::read(text)?;
        match mix.0.as_slice() {
            [(kind, _)] => Err(format!("it is of one kind alone; use --kind {}", kind.name())),
            _ => Ok(mix),
        }
    }
}

impl TryFrom<String> for Mix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text)
    }
}

impl From<Mix> for String {
    fn from(mix: Mix) -> Self {
        mix.to_string()
    }
}

/// In percent, if those are whole numbers.
impl Display for Mix {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let period = self.period() as u32;
        let factor = if 100_u32.is_multiple_of(period) { 100 / period } else { 1 };
        for (index, (kind, weight)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", kind.name(), weight * factor)?;
        }
        Ok(())
    }
}

fn common_divisor(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { common_divisor(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(text: &str) -> Mix {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn mixes_of_the_same_shares_are_the_same() {
        for text in ["resumed=80,full=20", "full=1,resumed=4", "full=20%, resumed=80%", "resumed=4000,full=1000"] {
            assert_eq!(mix(text), mix("full=20,resumed=80"), "{text}");
            assert_eq!(mix(text).to_string(), "full=20,resumed=80");
        }
        assert_eq!(mix("full=2,resumed=4").to_string(), "full=1,resumed=2");
        assert_eq!(mix("resumed=2,hrr=1,full=1").to_string(), "full=25,hrr=25,resumed=50");
        for mix in [mix("full=999,hrr=1"), Mix::only(HandshakeKind::Resumed)] {
            assert_eq!(Mix::try_from(String::from(mix.clone())), Ok(mix));
        }
    }

    #[test]
    fn every_period_has_each_kind_as_often_as_it_should_and_as_evenly() {
        assert_eq!(mix("full=20,resumed=80").order(), [1, 1, 0, 1, 1]);
        assert_eq!(Mix::only(HandshakeKind::Full).order(), [0]);
        for text in ["full=1,resumed=1", "full=3,hrr=2,resumed=7", "full=1,resumed=99", "full=333,hrr=333,resumed=334"]
        {
            let mix = mix(text);
            let order = mix.order();
            assert_eq!(order.len(), mix.period());
            for (index, (_, weight)) in mix.0.iter().enumerate() {
                let mut count = 0;
                for (place, next) in order.iter().enumerate() {
                    count += i64::from(*next == index);
                    let due = f64::from(*weight) * (place + 1) as f64 / mix.period() as f64;
                    assert!((count as f64 - due).abs() < mix.0.len() as f64, "{text}: {count}, not {due}");
                }
                assert_eq!(count, i64::from(*weight), "{text}");
            }
        }
        assert!((mix("full=20,resumed=80").mean([100.0, 50.0]) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn nonsense_is_refused_with_what_to_write_instead() {
        for (text, told) in [
            ("", "such as full=20,resumed=80"),
            ("full,resumed", "'full' has no share"),
            ("full=20,resume=80", "there are full, hrr, resumed"),
            ("full=20,resumed=0", "leave it out"),
            ("full=-20,resumed=80", "no whole number from 1"),
            ("full=0.5,resumed=99.5", "full=1,hrr=199"),
            ("full=20,full=80", "add its shares"),
            ("resumed=100", "use --kind resumed"),
            ("full=1,resumed=1000", "repeat within 1000"),
            ("full=18446744073709551615,resumed=18446744073709551614", "use rounder shares"),
            ("full=20,resumed=80,", "'' has no share"),
        ] {
            let error = text.parse::<Mix>().expect_err(text);
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
