use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bench::Bench;
use super::bulk::Bulk;
use super::handshakes::Handshakes;
use super::latency::{self, RoundTrips};
use super::small::Small;
use super::{Base, Buckets, Comparison, Effect, Ends, Measure, Workload};
use crate::error::Error;
use crate::interrupt;
use crate::measure::Order;
use crate::schema::Kind;
use crate::workload::LocalSession;

/// How often each comparison is timed at the least.
const ROUNDS_MIN: usize = 5;
/// How often each counted pass is made.
const COUNTED_ROUNDS: usize = 5;

/// What is compared, and for how long.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// What is done meanwhile.
    pub workload: Workload,
    /// Pairs of settings, each with and without something. One with and without nothing shows the noise for all others of
    /// its base.
    pub comparisons: &'a [Comparison],
    /// How long the timed part of all of them takes together.
    pub duration: Duration,
    /// The seed of the order, and of the intervals.
    pub seed: u64,
}

/// What came of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Each measure with its effect.
    pub effects: Vec<(Measure, Effect)>,
    /// With and without: the round trips of each round, where messages come back.
    pub round_trips: [Vec<Buckets>; 2],
    /// How often it was timed.
    pub rounds: usize,
}

/// Compares: for each comparison what it found, in the order given. Ctrl-C ends it early, with what there is. `advance`
/// hears how far it has come, 0 to 1.
///
/// In each round every comparison gets its turn, in an order shuffled anew: four blocks, A B B A or B A A B, with
/// connections that are new in each round, so that neither a drift of the machine nor where memory happens to lie is
/// taken for an effect.
pub fn run(ends: &Ends, plan: Plan, advance: &mut dyn FnMut(f64)) -> Result<Vec<Finding>, Error> {
    let bench: Box<dyn Bench> = match plan.workload {
        Workload::Handshakes => Box::new(Handshakes),
        Workload::Bulk => Box::new(Bulk::new(plan.seed)),
        Workload::Small { message_bytes } => Box::new(Small::new(message_bytes, plan.seed)),
    };
    let bench = bench.as_ref();
    let sides = |comparison: &Comparison| -> Result<Sessions, Error> {
        Ok([bench.session(ends, &comparison.with)?, bench.session(ends, &comparison.without)?])
    };
    let sessions = plan.comparisons.iter().map(sides).collect::<Result<Vec<_>, _>>()?;
    let counted = sessions.iter().map(|sides| count(bench, sides)).collect::<Result<Vec<_>, _>>()?;
    let timed = time(bench, &sessions, &plan, advance)?;
    let all_timed = |index: usize, noise: &[(Measure, Effect)]| {
        let noise = |measure: &Measure| noise_of(noise, measure);
        let mut all = effects(bench.timed(), &timed[index], noise, plan.seed);
        let [with, without] = [0, 1].map(|side| round_trips(&timed[index], side));
        all.extend(latency::effects([&with, &without], noise, plan.seed));
        all
    };
    let noise_at =
        |base: Base| plan.comparisons.iter().position(|comparison| comparison.row.is_none() && comparison.base == base);
    let noise = Base::ALL.map(|base| noise_at(base).map(|index| all_timed(index, &[])).unwrap_or_default());
    let finding = |(index, comparison): (usize, &Comparison)| {
        let noise: &[_] = if comparison.row.is_none() { &[] } else { &noise[comparison.base as usize] };
        let mut all = effects(bench.counted(), &counted[index], |_| 0.0, plan.seed);
        all.extend(all_timed(index, noise));
        let round_trips = [0, 1].map(|side| round_trips(&timed[index], side));
        Finding { effects: all, round_trips, rounds: timed[index].len() }
    };
    Ok(plan.comparisons.iter().enumerate().map(finding).collect())
}

/// With and without.
type Sessions = [Arc<LocalSession>; 2];
/// A round, with and without.
type Round = [Half; 2];

/// What one side of a comparison came to in a round.
#[derive(Clone, Default)]
struct Half {
    values: Vec<f64>,
    round_trips: Buckets,
}

fn count(bench: &dyn Bench, sessions: &Sessions) -> Result<Vec<Round>, Error> {
    if bench.counted().is_empty() {
        return Ok(Vec::new());
    }
    let [with, without] = sessions;
    let half = |session| Ok::<_, Error>(Half { values: bench.count(session)?, round_trips: Buckets::default() });
    (0..COUNTED_ROUNDS).map(|_| Ok([half(with)?, half(without)?])).collect()
}

fn time(
    bench: &dyn Bench,
    sessions: &[Sessions],
    plan: &Plan,
    advance: &mut dyn FnMut(f64),
) -> Result<Vec<Vec<Round>>, Error> {
    let mut rounds = vec![Vec::new(); sessions.len()];
    let mut order = Order::new(plan.seed);
    let mut turns: Vec<usize> = (0..sessions.len()).collect();
    let began = Instant::now();
    for round in 0.. {
        let done = began.elapsed().as_secs_f64() / plan.duration.as_secs_f64().max(1e-9);
        if round >= ROUNDS_MIN && done >= 1.0 {
            break;
        }
        order.shuffle(&mut turns);
        for (turn, index) in turns.iter().enumerate() {
            if interrupt::requested() {
                return Ok(rounds);
            }
            let is_with_first = order.next().is_multiple_of(2);
            rounds[*index].push(four_blocks(bench, &sessions[*index], is_with_first)?);
            let share = (round as f64 + (turn + 1) as f64 / turns.len() as f64) / ROUNDS_MIN as f64;
            let elapsed = began.elapsed().as_secs_f64() / plan.duration.as_secs_f64().max(1e-9);
            advance(share.min(elapsed).min(1.0));
        }
    }
    Ok(rounds)
}

/// A B B A, or B A A B: a drift that is even over the four is in neither mean.
fn four_blocks(bench: &dyn Bench, sessions: &Sessions, is_with_first: bool) -> Result<Round, Error> {
    let mut running = [bench.open(&sessions[0])?, bench.open(&sessions[1])?];
    let mut sums = [vec![0.0; bench.timed().len()], vec![0.0; bench.timed().len()]];
    let mut round_trips = [RoundTrips::new()?, RoundTrips::new()?];
    let first = usize::from(!is_with_first);
    for side in [first, 1 - first, 1 - first, first] {
        for (sum, value) in sums[side].iter_mut().zip(running[side].block(&mut round_trips[side])?) {
            *sum += value / 2.0;
        }
    }
    for running in running {
        running.end()?;
    }
    let [with, without] = sums;
    let half = |values, round_trips: &RoundTrips| Half { values, round_trips: round_trips.buckets() };
    Ok([half(with, &round_trips[0]), half(without, &round_trips[1])])
}

fn round_trips(rounds: &[Round], side: usize) -> Vec<Buckets> {
    let all = rounds.iter().map(|round| round[side].round_trips.clone());
    all.filter(|buckets| buckets.count() > 0).collect()
}

fn effects(
    measures: &[Measure],
    rounds: &[Round],
    noise: impl Fn(&Measure) -> f64,
    seed: u64,
) -> Vec<(Measure, Effect)> {
    let of = |(at, measure): (usize, &Measure)| {
        let side = |side: usize| rounds.iter().map(|round| round[side].values[at]).collect::<Vec<_>>();
        Some((*measure, Effect::of(measure, &side(0), &side(1), noise(measure), seed)?))
    };
    measures.iter().enumerate().filter_map(of).collect()
}

/// What a measure differs by between equals. Counts have no noise but that which their own interval shows.
fn noise_of(equals: &[(Measure, Effect)], measure: &Measure) -> f64 {
    let known = equals.iter().find(|(known, _)| known == measure && known.quantity.kind == Kind::Time);
    known.map_or(0.0, |(_, effect)| effect.noise())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::schema::quantity;
    use crate::workload::ablation::rows;
    use tls_engine::codes::CipherSuite;

    fn ends() -> Ends {
        let (identity, authority) = Identity::throw_away().expect("an identity");
        Ends { identity, authority: authority.certificate, suite: CipherSuite::AES_128_GCM_SHA256 }
    }

    #[test]
    fn all_comparisons_are_timed_equally_often_and_equals_are_equal() {
        let rows = rows().expect("rows");
        let row = *rows.iter().find(|row| row.name == "arena").expect("a switch");
        let comparisons = [
            Comparison::of(row, Base::Full).expect("a comparison"),
            Comparison::of(row, Base::Empty).expect("a comparison"),
            Comparison::of_nothing(Base::Full).expect("a comparison"),
        ];
        let plan = Plan {
            workload: Workload::Handshakes,
            comparisons: &comparisons,
            duration: Duration::from_millis(1),
            seed: 1,
        };
        let mut last = 0.0;
        let findings = run(&ends(), plan, &mut |done| last = done).expect("findings");
        assert!(findings.iter().all(|finding| finding.rounds == ROUNDS_MIN), "{findings:?}");
        assert_eq!(last, 1.0);
        for (measure, effect) in &findings[2].effects {
            // What is counted does not depend on the clock. An ECDSA signature has one length or another by chance, and a
            // call or two with it.
            if measure.quantity == &quantity::HEAP_CALLS_PER_HANDSHAKE {
                assert!(effect.change.summary.median.abs() <= 2.0, "{measure:?}: {effect:?}");
            }
        }
    }
}
