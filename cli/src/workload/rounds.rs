use std::time::{Duration, Instant};

use super::worker_pool::{Lane, WorkerPool};
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Order, Sample};

/// The rounds that a duration has room for at the least, so that an interval can be told.
const ROUNDS_MIN: u32 = 20;
/// And at the most: more samples would say no more, and fill the results.
const ROUNDS_MAX: u32 = 300;
/// The blocks that a run of a given count is cut into, unless they had more than so many writes: who ends a long run early
/// gets what was measured, and that is whole blocks.
const BLOCKS_OF_COUNT: u64 = 32;
const BLOCK_WRITES_MAX: u64 = 1 << 14;

/// How long a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// All of its lanes together, the warm-up not counted.
    Duration(Duration),
    /// This many writes through the engine, in all conversations together, and as many through each reference.
    Writes(u64),
}

/// What is run, for how long, and in which order.
#[derive(Clone, Debug)]
pub struct RoundSchedule {
    /// The lanes, the engine's first.
    pub lanes: Vec<Lane>,
    /// How long.
    pub limit: Limit,
    /// How long before that nothing is kept.
    pub warmup: Duration,
    /// How long a block of one lane should be, where the duration has room for a sensible number of them.
    pub block: Duration,
    /// The writes that fill a batch: blocks are made of whole batches.
    pub cycle_writes: u64,
    /// Chooses the order of the lanes.
    pub seed: u64,
}

/// What came of it: for each lane its rounds, for each round what each conversation did.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// By lane, in the order of [`RoundSchedule::lanes`].
    pub lanes: Vec<(Lane, Vec<Vec<Sample>>)>,
    /// Whether it was ended by Ctrl-C.
    pub interrupted: bool,
    /// How long the timed part was, all lanes together.
    pub elapsed: Duration,
}

/// How far a case has come, for who waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advance {
    /// Whether it still warms up.
    pub is_warming_up: bool,
    /// The share that is done, 0 to 1.
    pub done: f64,
    /// The engine's throughput in the last block, bytes per second.
    pub bytes_per_s: f64,
}

/// Runs the rounds of a case: in each every lane gets one block, in random order.
pub fn run(
    workers: &mut WorkerPool,
    schedule: &RoundSchedule,
    on_advance: &mut dyn FnMut(Advance),
) -> Result<Rounds, Error> {
    let mut order = Order::new(schedule.seed);
    let mut lanes: Vec<LaneState> =
        schedule.lanes.iter().map(|lane| LaneState::new(*lane, schedule, workers.pairs())).collect();
    let is_warm = unless_interrupted(warm_up(workers, schedule, &mut order, &mut lanes, on_advance))?;
    let began = Instant::now();
    let (mut rounds, mut done_writes) = (0, 0);
    while is_warm.is_some() {
        let done = match schedule.limit {
            Limit::Duration(duration) => began.elapsed().as_secs_f64() / duration.as_secs_f64().max(1e-9),
            Limit::Writes(writes) => done_writes as f64 / writes.max(1) as f64,
        };
        on_advance(Advance { is_warming_up: false, done: done.min(1.0), bytes_per_s: last_rate(&lanes) });
        if done >= 1.0 && rounds > 0 {
            break;
        }
        order.shuffle(&mut lanes);
        let block_writes = match schedule.limit {
            Limit::Duration(_) => None,
            Limit::Writes(writes) => Some(block_of(writes, schedule.cycle_writes, rounds, done_writes)),
        };
        if unless_interrupted(round(workers, block_writes, &mut lanes))?.is_none() {
            break;
        }
        done_writes += block_writes.unwrap_or(0);
        rounds += 1;
    }
    let elapsed = began.elapsed();
    let interrupted = interrupt::requested();
    // Blocks whose round was cut short have nothing to be held against.
    lanes.iter_mut().for_each(|lane| lane.kept.truncate(rounds as usize));
    lanes.sort_by_key(|lane| schedule.lanes.iter().position(|known| *known == lane.lane));
    Ok(Rounds { lanes: lanes.into_iter().map(|lane| (lane.lane, lane.kept)).collect(), interrupted, elapsed })
}

/// One block of every lane: of so many writes, or of as many as the lane is known to do in its time.
fn round(workers: &mut WorkerPool, block_writes: Option<u64>, lanes: &mut [LaneState]) -> Result<(), Error> {
    for lane in lanes {
        interrupt::check()?;
        lane.kept.push(lane.run(workers, block_writes.unwrap_or(lane.writes))?);
    }
    Ok(())
}

/// What was done, or nothing where it was cut short: that is an end and no failure.
fn unless_interrupted<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(Error::Interrupted) => Ok(None),
        result => result.map(Some),
    }
}

/// Runs blocks that are not kept until the machine is warm and, where time is the limit, every lane knows how many writes
/// make a block.
fn warm_up(
    workers: &mut WorkerPool,
    schedule: &RoundSchedule,
    order: &mut Order,
    lanes: &mut [LaneState],
    on_advance: &mut dyn FnMut(Advance),
) -> Result<(), Error> {
    let began = Instant::now();
    let must_calibrate = matches!(schedule.limit, Limit::Duration(_));
    loop {
        let elapsed = began.elapsed();
        if elapsed >= schedule.warmup && !(must_calibrate && lanes.iter().any(|lane| !lane.is_calibrated)) {
            break;
        }
        order.shuffle(lanes);
        let mut bytes_per_s = 0.0;
        for lane in lanes.iter_mut() {
            interrupt::check()?;
            let rate = lane.calibrate(workers)?;
            bytes_per_s = if lane.lane == Lane::Tls { rate } else { bytes_per_s };
        }
        let done = elapsed.as_secs_f64() / schedule.warmup.as_secs_f64().max(1e-9);
        on_advance(Advance { is_warming_up: true, done: done.min(1.0), bytes_per_s });
    }
    Ok(())
}

/// A lane, and how many writes make a block of the wanted length.
struct LaneState {
    lane: Lane,
    block: Duration,
    /// In all conversations together.
    writes: u64,
    /// A whole batch in each conversation.
    batch_writes: u64,
    is_calibrated: bool,
    kept: Vec<Vec<Sample>>,
}

impl LaneState {
    fn new(lane: Lane, schedule: &RoundSchedule, pairs: usize) -> Self {
        let block = match schedule.limit {
            Limit::Duration(duration) => {
                let share = duration / schedule.lanes.len() as u32;
                schedule.block.max(share / ROUNDS_MAX).min(share / ROUNDS_MIN)
            }
            Limit::Writes(_) => schedule.block,
        };
        let batch_writes = schedule.cycle_writes * pairs as u64;
        Self { lane, block, writes: batch_writes, batch_writes, is_calibrated: false, kept: Vec::new() }
    }

    /// Runs a block of `writes` writes, shared between the conversations.
    fn run(&self, workers: &mut WorkerPool, writes: u64) -> Result<Vec<Sample>, Error> {
        let pairs = workers.pairs() as u64;
        workers.run(self.lane, |pair| share(writes, pairs, pair as u64))
    }

    /// Runs a block that is not kept, and learns from it how long one should be. Returns the rate.
    fn calibrate(&mut self, workers: &mut WorkerPool) -> Result<f64, Error> {
        let began = Instant::now();
        let samples = self.run(workers, self.writes)?;
        let factor = self.block.as_secs_f64() / began.elapsed().as_secs_f64().max(1e-9);
        // Half and double are near enough: what is measured is a rate. Less than a batch is never run.
        self.is_calibrated = (0.5..2.0).contains(&factor) || (factor < 1.0 && self.writes == self.batch_writes);
        let batches = (self.writes as f64 * factor.min(16.0) / self.batch_writes as f64).round().max(1.0);
        self.writes = batches as u64 * self.batch_writes;
        Ok(rate(&samples))
    }
}

/// How many of `writes` writes are in the block of this number, after `done`.
fn block_of(writes: u64, batch_writes: u64, number: u64, done: u64) -> u64 {
    let blocks = (writes / batch_writes).clamp(1, BLOCKS_OF_COUNT);
    if writes / blocks <= BLOCK_WRITES_MAX {
        share(writes, blocks, number)
    } else {
        longer_and_longer(BLOCK_WRITES_MAX, number).min(writes - done)
    }
}

/// The length of round `number` where there is no saying how many there will be: as long as `first` for as many as a run of a
/// given duration has at the most, and then twice as long. So results hold all of them, however many.
pub(super) fn longer_and_longer(first: u64, number: u64) -> u64 {
    first.saturating_mul(1_u64.checked_shl((number / u64::from(ROUNDS_MAX)) as u32).unwrap_or(u64::MAX))
}

/// The part of `whole` that falls to number `index` of `parts`; all parts together are the whole.
const fn share(whole: u64, parts: u64, index: u64) -> u64 {
    whole / parts + if index < whole % parts { 1 } else { 0 }
}

/// The payload that the conversations received (or sent, where nobody here receives), bytes per second.
fn rate(samples: &[Sample]) -> f64 {
    samples.iter().filter_map(|sample| sample.receive.or(sample.send)).map(|side| side.bytes_per_s()).sum()
}

fn last_rate(lanes: &[LaneState]) -> f64 {
    let engine = lanes.iter().find(|lane| lane.lane == Lane::Tls);
    engine.and_then(|lane| lane.kept.last()).map_or(0.0, |samples| rate(samples))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Part;
    use crate::workload::worker_pool::Worker;
    use crate::workload::worker_pool::tests::agreed;
    use std::sync::{Arc, Mutex};
    use tls_engine::conn::Negotiated;

    /// Notes what it is asked to do; each write takes a microsecond.
    struct Noting(Arc<Mutex<Vec<(Lane, u64)>>>);

    impl Worker for Noting {
        fn prepare(&mut self) -> Result<Negotiated, Error> {
            Ok(agreed())
        }

        fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
            self.0.lock().unwrap().push((lane, writes));
            std::thread::sleep(Duration::from_micros(writes));
            Ok(Sample { send: Some(Part { bytes: writes, ..Part::default() }), ..Sample::default() })
        }

        fn finish(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    fn run_plan(limit: Limit, warmup: Duration) -> (Rounds, Vec<(Lane, u64)>) {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let workers = (0..2).map(|_| -> Vec<Box<dyn Worker>> { vec![Box::new(Noting(Arc::clone(&notes)))] });
        let mut workers = WorkerPool::start(workers.collect()).unwrap();
        let schedule = RoundSchedule {
            lanes: vec![Lane::Tls, Lane::RawAeadInPlace, Lane::RawAeadOutOfPlace],
            limit,
            warmup,
            block: Duration::from_millis(2),
            cycle_writes: 10,
            seed: 1,
        };
        let rounds = run(&mut workers, &schedule, &mut |_| ()).unwrap();
        drop(workers);
        let notes = notes.lock().unwrap().clone();
        (rounds, notes)
    }

    #[test]
    fn a_long_run_has_blocks_that_can_be_waited_for() {
        for (writes, batch) in [(u64::MAX, 7), (1 << 40, 1), (524_289, 1), (500_000, 10), (33, 32), (1, 1)] {
            let (mut done, mut number) = (0, 0);
            while done < writes {
                let block = block_of(writes, batch, number, done);
                assert!(block > 0 && (number >= 300 || block <= BLOCK_WRITES_MAX + 1), "{writes}: {number}, {block}");
                (done, number) = (done + block, number + 1);
            }
            assert!(done == writes && number <= 18_000, "{writes} in {number}");
        }
    }

    #[test]
    fn a_count_is_met_exactly_in_every_lane() {
        for count in [1, 7, 321, 1000] {
            let (rounds, _) = run_plan(Limit::Writes(count), Duration::ZERO);
            for (lane, samples) in &rounds.lanes {
                let writes: u64 =
                    samples.iter().flatten().filter_map(|sample| sample.send).map(|side| side.bytes).sum();
                assert_eq!(writes, count, "{lane:?}");
            }
        }
    }

    #[test]
    fn lanes_alternate_in_changing_order() {
        let (rounds, notes) = run_plan(Limit::Writes(320), Duration::ZERO);
        assert_eq!(rounds.lanes[0].1.len(), 32);
        let firsts: std::collections::BTreeSet<_> = notes.chunks(6).map(|round| round[0].0).collect();
        assert_eq!(firsts.len(), 3, "each lane comes first in some round");
        for round in notes.chunks(6) {
            let lanes: std::collections::BTreeSet<_> = round.iter().map(|(lane, _)| *lane).collect();
            assert_eq!(lanes.len(), 3, "each round has all lanes");
        }
    }

    #[test]
    fn a_duration_gives_blocks_of_about_the_wanted_length() {
        let (rounds, _) = run_plan(Limit::Duration(Duration::from_millis(200)), Duration::from_millis(20));
        assert!(rounds.elapsed >= Duration::from_millis(200));
        assert!(rounds.lanes.iter().all(|(_, samples)| samples.len() >= 5), "{:?}", rounds.lanes[0].1.len());
    }
}
