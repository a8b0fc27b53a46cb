use std::sync::Arc;
use std::time::Instant;

use super::bench::Bench;
use super::bulk::Bulk;
use super::findings::{Group, Half, Raw, Round, findings};
use super::handshakes::Handshakes;
use super::processor::OneProcessor;
use super::schedule::{AblationSchedule, ROUNDS_MIN};
use super::small::Small;
use super::{Buckets, Comparison, Ends, Finding, Workload, scale};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Engine, HandshakeKind};
use crate::measure::Order;
use crate::workload::histogram::Times as RoundTrips;

/// The number of counting passes.
const COUNTED_ROUNDS: usize = 7;

/// Runs the comparisons, and returns a finding for each, in the order given. Ctrl-C ends it early with the results so
/// far. `advance` receives the progress, 0 to 1.
pub fn run(ends: &Ends, schedule: AblationSchedule, advance: &mut dyn FnMut(f64)) -> Result<Vec<Finding>, Error> {
    let processor = OneProcessor::begin();
    let all = match schedule.workload {
        Workload::Handshakes => interleaved(&Handshakes(HandshakeKind::Full), ends, &schedule, advance),
        Workload::Resumed => interleaved(&Handshakes(HandshakeKind::Resumed), ends, &schedule, advance),
        Workload::Bulk => interleaved(&Bulk::new(schedule.seed), ends, &schedule, advance),
        Workload::Small { message_bytes } => {
            interleaved(&Small::new(message_bytes, schedule.seed), ends, &schedule, advance)
        }
        Workload::Scale { connections } => scale::measure(ends, &schedule, connections, advance),
    }?;
    let mut found = findings(schedule.comparisons, &all, schedule.workload, schedule.seed);
    for finding in &mut found {
        finding.on_one_processor = processor.holds();
    }
    Ok(found)
}

/// In each round every comparison gets its turn, in a new random order: four blocks, A B B A or B A A B, with new
/// connections for each round. So neither a drift of the machine nor the placement of memory is mistaken for an effect.
fn interleaved(
    bench: &dyn Bench,
    ends: &Ends,
    schedule: &AblationSchedule,
    advance: &mut dyn FnMut(f64),
) -> Result<Vec<Raw>, Error> {
    let sides = |comparison: &Comparison| -> Result<Sessions, Error> {
        interrupt::check()?;
        Ok([bench.engine(ends, &comparison.with)?, bench.engine(ends, &comparison.without)?])
    };
    let sessions = schedule.comparisons.iter().map(sides).collect::<Result<Vec<_>, _>>()?;
    let counted = sessions.iter().map(|sides| count(bench, sides)).collect::<Result<Vec<_>, _>>()?;
    let timed = time(bench, &sessions, schedule, advance)?;
    let group = |measures, rounds| Group { measures, rounds };
    let raw = |(counted, timed)| Raw(vec![group(bench.counted(), counted), group(bench.timed(), timed)]);
    Ok(counted.into_iter().zip(timed).map(raw).collect())
}

/// With and without.
type Sessions = [Arc<Engine>; 2];

fn count(bench: &dyn Bench, sessions: &Sessions) -> Result<Vec<Round>, Error> {
    if bench.counted().is_empty() {
        return Ok(Vec::new());
    }
    let [with, without] = sessions;
    let half = |configs| Ok::<_, Error>(Half { values: bench.count(configs)?, round_trips: Buckets::default() });
    (0..COUNTED_ROUNDS).map(|_| Ok([half(with)?, half(without)?])).collect()
}

fn time(
    bench: &dyn Bench,
    sessions: &[Sessions],
    schedule: &AblationSchedule,
    advance: &mut dyn FnMut(f64),
) -> Result<Vec<Vec<Round>>, Error> {
    let mut rounds = vec![Vec::new(); sessions.len()];
    let mut order = Order::new(schedule.seed);
    let mut turns: Vec<usize> = (0..sessions.len()).collect();
    let began = Instant::now();
    for round in 0.. {
        let done = began.elapsed().as_secs_f64() / schedule.duration.as_secs_f64().max(1e-9);
        if round >= ROUNDS_MIN && done >= 1.0 {
            break;
        }
        order.shuffle(&mut turns);
        for (turn, index) in turns.iter().enumerate() {
            let is_with_first = order.next().is_multiple_of(2);
            match four_blocks(bench, &sessions[*index], is_with_first) {
                // Interrupted blocks are discarded.
                Err(Error::Interrupted) => return Ok(rounds),
                round => rounds[*index].push(round?),
            }
            let share = (round as f64 + (turn + 1) as f64 / turns.len() as f64) / ROUNDS_MIN as f64;
            let elapsed = began.elapsed().as_secs_f64() / schedule.duration.as_secs_f64().max(1e-9);
            advance(share.min(elapsed).min(1.0));
        }
    }
    Ok(rounds)
}

/// A B B A, or B A A B: a linear drift over the four cancels out.
fn four_blocks(bench: &dyn Bench, sessions: &Sessions, is_with_first: bool) -> Result<Round, Error> {
    let mut running = [bench.open(&sessions[0])?, bench.open(&sessions[1])?];
    let mut sums = [vec![0.0; bench.timed().len()], vec![0.0; bench.timed().len()]];
    let mut round_trips = [RoundTrips::new()?, RoundTrips::new()?];
    let first = usize::from(!is_with_first);
    for side in [first, 1 - first, 1 - first, first] {
        interrupt::check()?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::Identity;
    use crate::schema::quantity;
    use crate::workload::ablation::{Base, rows};
    use tls_engine::codes::CipherSuite;

    fn ends() -> Ends {
        let (identity, authority) = Identity::generate().expect("an identity");
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
        let schedule = AblationSchedule {
            workload: Workload::Handshakes,
            comparisons: &comparisons,
            duration: Duration::from_millis(1),
            seed: 1,
        };
        let mut last = 0.0;
        let findings = run(&ends(), schedule, &mut |done| last = done).expect("findings");
        assert!(findings.iter().all(|finding| finding.rounds == ROUNDS_MIN), "{findings:?}");
        assert_eq!(last, 1.0);
        for (measure, effect) in &findings[2].effects {
            // Counts do not depend on the clock. But the length of an ECDSA signature is random, and costs a call or
            // two more.
            if measure.quantity == &quantity::HEAP_CALLS_PER_HANDSHAKE {
                assert!(effect.change.summary.median.abs() <= 2.0, "{measure:?}: {effect:?}");
            }
        }
    }
}
