use super::latency;
use super::{Base, Buckets, Comparison, Effect, Measure, Workload};
use crate::schema::Kind;

/// The result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Each measure with its effect.
    pub effects: Vec<(Measure, Effect)>,
    /// With and without: the round trips of each round, if messages come back.
    pub round_trips: [Vec<Buckets>; 2],
    /// The number of timed rounds.
    pub rounds: usize,
    /// Whether everything ran on one processor.
    pub on_one_processor: bool,
}

/// Everything measured for a comparison. The timed measures come last.
#[derive(Default)]
pub(super) struct Raw(pub(super) Vec<Group>);

/// Measures that were taken together.
pub(super) struct Group {
    pub(super) measures: &'static [Measure],
    pub(super) rounds: Vec<Round>,
}

/// A round, with and without.
pub(super) type Round = [Half; 2];

/// One half of a round: a value for each measure, and the round trips if messages come back.
#[derive(Clone, Default)]
pub(super) struct Half {
    pub(super) values: Vec<f64>,
    pub(super) round_trips: Buckets,
}

/// Turns measurements into findings. Comparisons of equal settings provide the noise for all others of their base.
pub(super) fn findings(comparisons: &[Comparison], all: &[Raw], workload: Workload, seed: u64) -> Vec<Finding> {
    let of_equals = |base: Base| {
        let equals = comparisons.iter().zip(all);
        let found = equals.into_iter().find(|(comparison, _)| comparison.row.is_none() && comparison.base == base);
        found.map(|(_, raw)| effects(raw, &[], workload, seed)).unwrap_or_default()
    };
    let noise = Base::ALL.map(of_equals);
    let finding = |(comparison, raw): (&Comparison, &Raw)| {
        let noise: &[_] = if comparison.row.is_none() { &[] } else { &noise[comparison.base as usize] };
        Finding {
            effects: effects(raw, noise, workload, seed),
            round_trips: raw.round_trips(),
            rounds: raw.0.last().map_or(0, |timed| timed.rounds.len()),
            on_one_processor: false,
        }
    };
    comparisons.iter().zip(all).map(finding).collect()
}

impl Raw {
    fn round_trips(&self) -> [Vec<Buckets>; 2] {
        let of = |side: usize| {
            let rounds = self.0.iter().flat_map(|group| &group.rounds);
            rounds.map(|round| round[side].round_trips.clone()).filter(|buckets| buckets.count() > 0).collect()
        };
        [of(0), of(1)]
    }
}

fn effects(raw: &Raw, equals: &[(Measure, Effect)], workload: Workload, seed: u64) -> Vec<(Measure, Effect)> {
    let noise = |measure: &Measure| {
        let least = if measure.quantity.kind == Kind::Time { workload.least_change() } else { 0.0 };
        equals.iter().find(|(known, _)| known == measure).map_or(0.0, |(_, effect)| effect.noise()).max(least)
    };
    let of = |group: &Group| {
        let of_measure = |(at, measure): (usize, &Measure)| {
            let side = |side: usize| group.rounds.iter().map(|round| round[side].values[at]).collect::<Vec<_>>();
            Some((*measure, Effect::of(measure, &side(0), &side(1), noise(measure), seed)?))
        };
        group.measures.iter().enumerate().filter_map(of_measure).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = raw.0.iter().flat_map(of).collect();
    let [with, without] = raw.round_trips();
    all.extend(latency::effects([&with, &without], workload.percentiles(), noise, seed));
    all
}
