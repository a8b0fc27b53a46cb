use super::*;
use crate::library::Negotiated;
use crate::measure::Part;
use crate::workload::worker_pool::Worker;
use crate::workload::worker_pool::tests::agreed;
use std::sync::{Arc, Mutex};

/// Records what it is asked to do; each write takes a microsecond. It fails after some blocks.
struct Noting(Arc<Mutex<Vec<(Lane, u64)>>>, u64);

impl Worker for Noting {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        Ok(agreed())
    }

    fn run(&mut self, lane: Lane, writes: u64) -> Result<Sample, Error> {
        self.0.lock().unwrap().push((lane, writes));
        if self.0.lock().unwrap().len() as u64 > self.1 {
            return Err(Error::Failed("it died".to_owned()));
        }
        std::thread::sleep(Duration::from_micros(writes));
        Ok(Sample { send: Some(Part { bytes: writes, ..Part::default() }), ..Sample::default() })
    }

    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

fn schedule() -> RoundSchedule {
    RoundSchedule {
        lanes: vec![Lane::Tls, Lane::RawAeadInPlace, Lane::RawAeadOutOfPlace],
        limit: Limit::Writes(1),
        warmup: Duration::ZERO,
        block: Duration::from_millis(2),
        cycle_writes: 10,
        seed: 1,
    }
}

fn run_plan(limit: Limit, warmup: Duration) -> (Rounds, Vec<(Lane, u64)>) {
    let notes = Arc::new(Mutex::new(Vec::new()));
    let workers = (0..2).map(|_| -> Vec<Box<dyn Worker>> { vec![Box::new(Noting(Arc::clone(&notes), u64::MAX))] });
    let workers = WorkerPool::start(workers.collect()).unwrap();
    let schedule = RoundSchedule { limit, warmup, ..schedule() };
    let mut turns = [Turn::new(Ok(workers), &schedule)];
    let rounds = run(&mut turns, &mut |_| ()).unwrap().remove(0);
    drop(turns);
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
            let writes: u64 = samples.iter().flatten().filter_map(|sample| sample.send).map(|side| side.bytes).sum();
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

#[test]
fn a_case_that_fails_ends_alone() {
    for (limit, blocks) in [(Limit::Writes(320), 7), (Limit::Duration(Duration::from_millis(50)), 0)] {
        let schedule = RoundSchedule { limit, warmup: Duration::ZERO, ..schedule() };
        let pool = |blocks| {
            let worker: Box<dyn Worker> = Box::new(Noting(Arc::default(), blocks));
            WorkerPool::start(vec![vec![worker]]).unwrap()
        };
        let mut turns = [pool(blocks), pool(u64::MAX)].map(|workers| Turn::new(Ok(workers), &schedule));
        let rounds = run(&mut turns, &mut |_| ()).unwrap();
        assert_eq!(turns[0].workers.as_ref().err().map(ToString::to_string).as_deref(), Some("it died"));
        assert!(
            turns[1].workers.is_ok() && rounds[1].lanes.iter().all(|(_, samples)| samples.len() > 5),
            "the other goes on"
        );
    }
}

/// Takes no time for a block, and much for the next, however many writes they have.
struct Fitful(bool);

impl Worker for Fitful {
    fn prepare(&mut self) -> Result<Negotiated, Error> {
        Ok(agreed())
    }

    fn run(&mut self, _: Lane, writes: u64) -> Result<Sample, Error> {
        self.0 = !self.0;
        if self.0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Sample { send: Some(Part { bytes: writes, ..Part::default() }), ..Sample::default() })
    }

    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn the_warm_up_ends_if_no_length_of_a_block_is_right() {
    let workers: Vec<Box<dyn Worker>> = vec![Box::new(Fitful(false))];
    let limit = Limit::Duration(Duration::from_millis(20));
    let schedule = RoundSchedule { lanes: vec![Lane::Tls], limit, ..schedule() };
    let mut turns = [Turn::new(WorkerPool::start(vec![workers]), &schedule)];
    let rounds = run(&mut turns, &mut |_| ()).unwrap().remove(0);
    assert!(!rounds.lanes[0].1.is_empty());
}
