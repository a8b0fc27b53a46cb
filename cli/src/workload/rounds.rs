use std::time::{Duration, Instant};

use super::worker_pool::{Lane, WorkerPool};
use crate::error::Error;
use crate::interrupt;
use crate::library::Negotiated;
use crate::measure::{Order, Sample};

/// The minimum number of rounds that a duration is divided into, so that there is an interval to report.
const ROUNDS_MIN: u32 = 20;
/// The maximum number of rounds: more samples would add no information and bloat the results.
const ROUNDS_MAX: u32 = 300;
/// The number of blocks that a run of a given count is divided into, unless a block would have too many writes. A run
/// that is ended early keeps only whole blocks.
const BLOCKS_OF_COUNT: u64 = 32;
const BLOCK_WRITES_MAX: u64 = 1 << 14;
/// The maximum number of blocks by which a lane learns how many writes make a block: where a peer reads by fits and starts, no
/// number of them takes the same time twice.
const CALIBRATIONS_MAX: u32 = 32;

/// How long a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The total time of all lanes, without the warm-up.
    Duration(Duration),
    /// This many writes through the engine, summed over the conversations, and as many through each reference.
    Writes(u64),
}

/// What runs, for how long, and in which order.
#[derive(Clone, Debug)]
pub struct RoundSchedule {
    /// The lanes, the engine's first.
    pub lanes: Vec<Lane>,
    /// How long to run.
    pub limit: Limit,
    /// The warm-up before that, whose results are discarded.
    pub warmup: Duration,
    /// The target length of one lane's block, if the duration allows a sensible number of them.
    pub block: Duration,
    /// The number of writes that fill a batch: blocks consist of whole batches.
    pub cycle_writes: u64,
    /// The seed for the order of the lanes.
    pub seed: u64,
}

/// The results: for each lane its rounds, and for each round the samples of the conversations.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// By lane, in the order of [`RoundSchedule::lanes`].
    pub lanes: Vec<(Lane, Vec<Vec<Sample>>)>,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// The length of the timed part, all lanes together.
    pub elapsed: Duration,
}

/// The progress of a case, for display.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advance {
    /// Whether the warm-up is still running.
    pub is_warming_up: bool,
    /// The share that is done, 0 to 1.
    pub done: f64,
    /// The throughput of the first case in its last block, bytes per second.
    pub bytes_per_s: f64,
}

/// A case that takes turns with others.
pub struct Turn<'a> {
    /// Its threads, or why it has failed.
    pub workers: Result<WorkerPool, Error>,
    /// What the ends of its conversations negotiated.
    pub agreed: Vec<Negotiated>,
    schedule: &'a RoundSchedule,
}

impl<'a> Turn<'a> {
    /// A case that prepares its conversations.
    pub fn new(workers: Result<WorkerPool, Error>, schedule: &'a RoundSchedule) -> Self {
        let mut turn = Self { workers, agreed: Vec::new(), schedule };
        turn.workers = turn.workers.and_then(|mut workers| {
            turn.agreed = workers.prepare()?;
            Ok(workers)
        });
        turn
    }
}

/// Runs the rounds of cases that take turns. In each round, every lane of every case gets one block, in random order. All have
/// the schedule's limit in common; with a duration, each of them has that long. A case that fails ends alone, and keeps the error.
pub fn run(turns: &mut [Turn], on_advance: &mut dyn FnMut(Advance)) -> Result<Vec<Rounds>, Error> {
    let Some(first) = turns.first().map(|turn| turn.schedule.clone()) else { return Ok(Vec::new()) };
    let mut order = Order::new(first.seed);
    let mut lanes = lanes(turns);
    let is_warm = unless_interrupted(warm_up(turns, &first, &mut order, &mut lanes, on_advance))?;
    let began = Instant::now();
    let (mut rounds, mut done_writes) = (0, 0);
    while is_warm.is_some() && turns.iter().any(|turn| turn.workers.is_ok()) {
        let done = match first.limit {
            Limit::Duration(duration) => {
                began.elapsed().as_secs_f64() / (duration.as_secs_f64() * turns.len() as f64).max(1e-9)
            }
            Limit::Writes(writes) => done_writes as f64 / writes.max(1) as f64,
        };
        on_advance(Advance { is_warming_up: false, done: done.min(1.0), bytes_per_s: last_rate(&lanes) });
        if done >= 1.0 && rounds > 0 {
            break;
        }
        order.shuffle(&mut lanes);
        let block_writes = match first.limit {
            Limit::Duration(_) => None,
            Limit::Writes(writes) => Some(block_of(writes, first.cycle_writes, rounds, done_writes)),
        };
        if unless_interrupted(round(turns, block_writes, &mut lanes))?.is_none() {
            break;
        }
        done_writes += block_writes.unwrap_or(0);
        rounds += 1;
    }
    let elapsed = began.elapsed() / turns.len() as u32;
    let interrupted = interrupt::requested();
    // The blocks of an interrupted round have nothing to be compared with.
    lanes.iter_mut().for_each(|lane| lane.kept.truncate(rounds as usize));
    let rounds_of = |(index, turn): (usize, &Turn)| {
        let kept = |lane: &Lane| {
            let of_turn = lanes.iter().find(|known| known.turn == index && known.lane == *lane);
            (*lane, of_turn.map_or_else(Vec::new, |lane| lane.kept.clone()))
        };
        Rounds { lanes: turn.schedule.lanes.iter().map(kept).collect(), interrupted, elapsed }
    };
    Ok(turns.iter().enumerate().map(rounds_of).collect())
}

/// The lanes of all cases.
fn lanes(turns: &[Turn]) -> Vec<LaneState> {
    let of_turn = |(index, turn): (usize, &Turn)| {
        let pairs = turn.workers.as_ref().map_or(0, WorkerPool::pairs);
        let new = |lane: &Lane| LaneState::new(index, *lane, turn.schedule, pairs);
        turn.schedule.lanes.iter().map(new).collect::<Vec<_>>()
    };
    turns.iter().enumerate().flat_map(of_turn).collect()
}

/// Runs one block of every lane: `block_writes` writes, or as many as the lane can do in its time.
fn round(turns: &mut [Turn], block_writes: Option<u64>, lanes: &mut [LaneState]) -> Result<(), Error> {
    for lane in lanes {
        let writes = block_writes.unwrap_or(lane.writes);
        let samples = attempt(&mut turns[lane.turn].workers, |workers| lane.run(workers, writes))?;
        lane.kept.extend(samples);
    }
    Ok(())
}

/// Lets `state` do its part unless it has failed. `None` if it has, now or before: it ends alone, and keeps the error.
pub(super) fn attempt<S, T>(
    state: &mut Result<S, Error>,
    part: impl FnOnce(&mut S) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let Ok(working) = state else { return Ok(None) };
    interrupt::check()?;
    match part(working) {
        Err(Error::Interrupted) => Err(Error::Interrupted),
        Err(error) => {
            *state = Err(error);
            Ok(None)
        }
        Ok(done) => Ok(Some(done)),
    }
}

/// The result, or `None` if it was interrupted, which is not a failure.
pub(super) fn unless_interrupted<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Err(Error::Interrupted) => Ok(None),
        result => result.map(Some),
    }
}

/// Runs blocks that are discarded, until the machine is warm. If time is the limit, also until every lane knows how
/// many writes make a block.
fn warm_up(
    turns: &mut [Turn],
    schedule: &RoundSchedule,
    order: &mut Order,
    lanes: &mut [LaneState],
    on_advance: &mut dyn FnMut(Advance),
) -> Result<(), Error> {
    let began = Instant::now();
    let warmup = schedule.warmup * turns.len() as u32;
    let must_calibrate = matches!(schedule.limit, Limit::Duration(_));
    loop {
        let elapsed = began.elapsed();
        if elapsed >= warmup && !(must_calibrate && lanes.iter().any(|lane| !lane.is_calibrated)) {
            break;
        }
        order.shuffle(lanes);
        let mut bytes_per_s = 0.0;
        for lane in lanes.iter_mut() {
            match attempt(&mut turns[lane.turn].workers, |workers| lane.calibrate(workers))? {
                Some(rate) if lane.lane == Lane::Tls => bytes_per_s = rate,
                Some(_) => {}
                // It has failed, and nobody has to wait for it.
                None => lane.is_calibrated = true,
            }
        }
        let done = elapsed.as_secs_f64() / warmup.as_secs_f64().max(1e-9);
        on_advance(Advance { is_warming_up: true, done: done.min(1.0), bytes_per_s });
    }
    Ok(())
}

/// A lane, and the number of writes in a block of the target length.
struct LaneState {
    /// Whose lane it is.
    turn: usize,
    lane: Lane,
    block: Duration,
    /// Summed over the conversations.
    writes: u64,
    /// One whole batch in each conversation.
    batch_writes: u64,
    calibrations: u32,
    is_calibrated: bool,
    kept: Vec<Vec<Sample>>,
}

impl LaneState {
    fn new(turn: usize, lane: Lane, schedule: &RoundSchedule, pairs: usize) -> Self {
        let block = match schedule.limit {
            Limit::Duration(duration) => block_length(schedule.block, duration / schedule.lanes.len() as u32),
            Limit::Writes(_) => schedule.block,
        };
        let batch_writes = schedule.cycle_writes * pairs as u64;
        Self {
            turn,
            lane,
            block,
            writes: batch_writes,
            batch_writes,
            calibrations: 0,
            is_calibrated: false,
            kept: Vec::new(),
        }
    }

    /// Runs a block of `writes` writes, divided between the conversations.
    fn run(&self, workers: &mut WorkerPool, writes: u64) -> Result<Vec<Sample>, Error> {
        let pairs = workers.pairs() as u64;
        workers.run(self.lane, |pair| share(writes, pairs, pair as u64))
    }

    /// Runs a block that is discarded, and adjusts the block length. Returns the rate.
    fn calibrate(&mut self, workers: &mut WorkerPool) -> Result<f64, Error> {
        let began = Instant::now();
        let samples = self.run(workers, self.writes)?;
        let factor = self.block.as_secs_f64() / began.elapsed().as_secs_f64().max(1e-9);
        self.calibrations += 1;
        // A factor of two is close enough, since the measurement is a rate. A block is never shorter than a batch.
        self.is_calibrated = (0.5..2.0).contains(&factor)
            || (factor < 1.0 && self.writes == self.batch_writes)
            || self.calibrations >= CALIBRATIONS_MAX;
        let batches = (self.writes as f64 * factor.min(16.0) / self.batch_writes as f64).round().max(1.0);
        self.writes = batches as u64 * self.batch_writes;
        Ok(rate(&samples))
    }
}

/// The length of the blocks of a lane that has `share` of the time: `block`, if that makes a sensible number of them.
pub(super) fn block_length(block: Duration, share: Duration) -> Duration {
    block.max(share / ROUNDS_MAX).min(share / ROUNDS_MIN)
}

/// The number of writes in block `number` of `writes` writes in all, of which `done` are done.
pub(super) fn block_of(writes: u64, batch_writes: u64, number: u64, done: u64) -> u64 {
    let blocks = (writes / batch_writes).clamp(1, BLOCKS_OF_COUNT);
    if writes / blocks <= BLOCK_WRITES_MAX {
        share(writes, blocks, number)
    } else {
        longer_and_longer(BLOCK_WRITES_MAX, number).min(writes - done)
    }
}

/// The length of round `number` if the number of rounds is unknown. The first [`ROUNDS_MAX`] rounds are as long as
/// `first`, the next ones twice as long, and so on. So results can hold all rounds of a run, however long it is.
pub(super) fn longer_and_longer(first: u64, number: u64) -> u64 {
    first.saturating_mul(1_u64.checked_shl((number / u64::from(ROUNDS_MAX)) as u32).unwrap_or(u64::MAX))
}

/// Part `index` of `whole` divided into `parts`; the parts add up to the whole.
const fn share(whole: u64, parts: u64, index: u64) -> u64 {
    whole / parts + if index < whole % parts { 1 } else { 0 }
}

/// The payload that the conversations received (or sent, if no receiver is local), bytes per second.
fn rate(samples: &[Sample]) -> f64 {
    samples.iter().filter_map(|sample| sample.receive.or(sample.send)).map(|side| side.bytes_per_s()).sum()
}

fn last_rate(lanes: &[LaneState]) -> f64 {
    let first = lanes.iter().find(|lane| lane.turn == 0 && lane.lane == Lane::Tls);
    first.and_then(|lane| lane.kept.last()).map_or(0.0, |samples| rate(samples))
}

#[cfg(test)]
mod tests;
