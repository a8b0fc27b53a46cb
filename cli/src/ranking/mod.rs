//! Libraries that did the same work in one run: which of them is first in what, and what the bare cryptography reached.

mod works;

pub use works::{Row, Work, works};

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::quantity::{self, Quantity};
use crate::schema::{Better, Metric, Side};
use crate::stats::{self, Difference, Scale, Slack, Verdict};

/// The confidence of a lead over all others together.
const CONFIDENCE: f64 = 0.95;
/// A lead of less is none: where a program's memory happens to lie makes as much of a difference, and is the same in every
/// round of a run.
const SLACK: Slack = Slack { share: 0.01, units: 0.0 };
/// The seed of the intervals.
const SEED: u64 = 1;

/// One figure of a work, in which its libraries compete.
#[derive(Clone, Debug)]
pub struct Contest<'a> {
    /// The side.
    pub side: Side,
    /// The figure.
    pub quantity: &'static Quantity,
    /// By row of the work; none where the library has no number.
    pub places: Vec<Option<Place<'a>>>,
    /// Who is first.
    pub outcome: Outcome,
    /// What the bare cryptography of the same run reached at its best, or plain TCP over sockets; none for memory.
    pub ceiling: Option<&'a Metric>,
}

/// What a library reached in a contest.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The figure.
    pub metric: &'a Metric,
    /// Its speed as a share of the best one's, 1 for the best: round by round where the libraries took turns.
    pub of_best: f64,
    /// Whether no difference to the best one is shown; also of the best one itself.
    pub is_level: bool,
}

/// The outcome of a contest, with rows of its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A library is ahead of all others, beyond doubt: with one of its variants, or with several that are level. The best median
    /// is the first.
    First(Vec<usize>),
    /// No difference is shown between the best libraries. The best median is the first.
    Level(Vec<usize>),
    /// Fewer than two rows have a number.
    NoContest,
}

/// How often each library is first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Medals {
    /// By the name of the library, whatever variants it has.
    pub firsts: BTreeMap<String, usize>,
    /// In how many contests no difference is shown.
    pub level: usize,
    /// The number of contests.
    pub contests: usize,
}

impl Work<'_> {
    /// What its libraries compete in: speed.
    pub fn contests(&self) -> Vec<Contest<'_>> {
        let contest =
            |(side, quantity)| Contest { ceiling: self.ceiling(side, quantity), ..self.contest(side, quantity) };
        held(self.figures().into_iter().map(contest))
    }

    /// What idle connections hold. It is ranked like speed, and no part of the medals, which are for speed.
    pub fn memory(&self) -> Vec<Contest<'_>> {
        let contest = |side| self.contest(side, &quantity::IDLE_BYTES_AFTER_16_KIB);
        held([Side::Client, Side::Server].map(contest))
    }

    fn contest(&self, side: Side, quantity: &'static Quantity) -> Contest<'_> {
        let metrics: Vec<Option<&Metric>> = self.rows.iter().map(|row| row.case.metric(side, quantity)).collect();
        let is_better =
            |one: f64, other: f64| if quantity.better == Better::Higher { one > other } else { one < other };
        let measured = metrics.iter().enumerate().filter_map(|(row, metric)| Some((row, (*metric)?)));
        let best = measured.reduce(|best, next| if is_better(next.1.median, best.1.median) { next } else { best });
        let places = match best {
            Some((best, metric)) => places(&metrics, best, metric),
            None => vec![None; metrics.len()],
        };
        let rows = |holds: fn(&Place<'_>) -> bool| {
            let rows = places.iter().enumerate().filter(|(_, place)| place.as_ref().is_some_and(holds));
            rows.map(|(row, _)| row).collect::<Vec<_>>()
        };
        let (measured, mut level) = (rows(|_| true), rows(|place| place.is_level));
        level.sort_by_key(|row| best.is_some_and(|(best, _)| *row != best));
        let outcome = match level[..] {
            _ if measured.len() < 2 => Outcome::NoContest,
            // Where there are no other libraries, variants compete with each other.
            [_] => Outcome::First(level),
            _ if self.families(&level) == 1 && self.families(&measured) > 1 => Outcome::First(level),
            _ => Outcome::Level(level),
        };
        Contest { side, quantity, places, outcome, ceiling: None }
    }

    /// How many libraries these rows are of, whatever variants they have.
    fn families(&self, rows: &[usize]) -> usize {
        rows.iter().map(|row| self.rows[*row].family.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// What bare cryptography reached at its best in the cases of this work, each beside its library.
    fn ceiling(&self, side: Side, quantity: &Quantity) -> Option<&Metric> {
        let reference = match side {
            Side::Send | Side::Receive => &quantity::RAW_AEAD_BYTES_PER_S,
            Side::Client | Side::Server => &quantity::RAW_CRYPTO_US_PER_HANDSHAKE,
            Side::Total if *quantity == quantity::ROUND_TRIP_P50_NS => &quantity::RAW_TCP_ROUND_TRIP_P50_NS,
            Side::Total => &quantity::RAW_TCP_BYTES_PER_S,
        };
        let speed = |metric: &&Metric| if quantity.better == Better::Higher { metric.median } else { -metric.median };
        let all = self.rows.iter().filter_map(|row| row.case.metric(side, reference));
        all.max_by(|one, other| speed(one).total_cmp(&speed(other)))
    }

    /// The figures that its libraries compete in. What a side does is timed alone where one thread drives both ends in memory; of
    /// several threads also what they wait for each other counts.
    fn figures(&self) -> Vec<(Side, &'static Quantity)> {
        let Some(Row { case, .. }) = self.rows.first() else { return Vec::new() };
        let is_moved_in_memory = case.requested.get("transport").is_some_and(|transport| transport == "memory");
        match (case.command(), is_moved_in_memory) {
            ("handshake", _) => {
                [Side::Client, Side::Server].map(|side| (side, &quantity::CPU_US_PER_HANDSHAKE)).to_vec()
            }
            ("throughput", true) => {
                let speed = if self.conversations() > 1 {
                    &quantity::THROUGHPUT_BYTES_PER_S
                } else {
                    &quantity::ENGINE_BYTES_PER_S
                };
                [Side::Send, Side::Receive].map(|side| (side, speed)).to_vec()
            }
            ("throughput", false) => vec![(Side::Total, &quantity::THROUGHPUT_BYTES_PER_S)],
            ("latency", _) => vec![(Side::Total, &quantity::ROUND_TRIP_P50_NS)],
            _ => Vec::new(),
        }
    }
}

/// The contests in which any library has a number.
fn held<'a>(contests: impl IntoIterator<Item = Contest<'a>>) -> Vec<Contest<'a>> {
    contests.into_iter().filter(|contest| contest.places.iter().any(Option::is_some)).collect()
}

/// What each reached, held against the `best`.
fn places<'a>(metrics: &[Option<&'a Metric>], best: usize, leader: &Metric) -> Vec<Option<Place<'a>>> {
    let others = metrics.iter().enumerate().filter(|(row, _)| *row != best);
    let others = others.filter_map(|(row, metric)| Some((row, difference(leader, (*metric)?)?)));
    let (rows, differences): (Vec<usize>, Vec<Difference<'_>>) = others.unzip();
    let less_is_better = leader.better == Better::Lower;
    let family: Vec<_> = differences.iter().map(|difference| (difference, SLACK, less_is_better)).collect();
    let verdicts = stats::judge(&family, CONFIDENCE, SEED);
    let place = |(row, metric): (usize, &Option<&'a Metric>)| {
        let metric = (*metric)?;
        let found = rows.iter().position(|known| *known == row);
        if found.is_none() && row != best {
            // What can't be compared has no place.
            return None;
        }
        let ratio = found.map_or(1.0, |found| 1.0 + differences[found].change);
        Some(Place {
            metric,
            of_best: if less_is_better { 1.0 / ratio } else { ratio },
            is_level: found.is_none_or(|found| verdicts[found] != Verdict::Worse),
        })
    };
    metrics.iter().enumerate().map(place).collect()
}

/// The difference to the leader: round by round if both have as many, because libraries take turns.
fn difference<'a>(leader: &'a Metric, other: &'a Metric) -> Option<Difference<'a>> {
    let (before, after) = (&leader.samples[..], &other.samples[..]);
    match before.len() == after.len() {
        true => Difference::of_pairs(Scale::Share, before, after),
        false => Difference::of_runs(Scale::Share, before, after),
    }
}

/// How often each library is first in the speed of these works. What only one library can do is no contest.
pub fn medals(works: &[Work<'_>]) -> Medals {
    let mut medals = Medals::default();
    for work in works {
        for contest in work.contests() {
            match contest.outcome {
                Outcome::First(rows) => *medals.firsts.entry(work.rows[rows[0]].family.clone()).or_default() += 1,
                Outcome::Level(_) => medals.level += 1,
                Outcome::NoContest => continue,
            }
            medals.contests += 1;
        }
    }
    medals
}

#[cfg(test)]
mod tests;
