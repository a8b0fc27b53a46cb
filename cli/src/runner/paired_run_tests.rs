//! Known answers: mock programs with a clock of their own, on a machine that is slower at times.

use std::cell::{Cell, RefCell};

use fastrand::Rng;

use super::*;
use crate::comparison::{AllowedChange, AllowedChanges, Named, Rules, compare};
use crate::render::{Color, Messages};
use crate::schema::comparison::{Outcome, Verdict};
use crate::schema::{Case, Host, Side, quantity};
use crate::stats::pairs_needed;

/// A clock that advances only with work.
#[derive(Default)]
struct MockClock(Cell<f64>);

impl MockClock {
    fn now_ns(&self) -> f64 {
        self.0.get()
    }

    /// The same work takes up to half as long again while the machine is busy with something else, which comes and
    /// goes.
    fn work(&self, cost_ns: f64, random: &mut Rng) {
        let now = self.now_ns();
        let busy = 1.0 + 0.25 * (1.0 + (now / 3e8).sin());
        let noise = 1.0 + 0.04 * (random.f64() - 0.5);
        self.0.set(now + cost_ns * busy * noise);
    }
}

/// The cases of a mock program; the first takes `slower` times longer.
const CASES: usize = 10;

struct MockProgram<'a> {
    clock: &'a MockClock,
    random: &'a RefCell<Rng>,
    slower: f64,
    calls: &'a RefCell<Vec<&'static str>>,
    name: &'static str,
}

impl Measures for MockProgram<'_> {
    fn measure(&self, request: &Request) -> Result<Response, Error> {
        if request.command != "mock" {
            return Ok(Response::Unknown(format!("unknown command {}", request.command)));
        }
        self.calls.borrow_mut().push(self.name);
        let mut random = self.random.borrow_mut();
        let mut document = Document::begin(Host::default());
        for number in 0..CASES {
            let cost = if number == 0 { 100.0 * self.slower } else { 100.0 };
            let mut block = || {
                let began = self.clock.now_ns();
                (0..50).for_each(|_| self.clock.work(cost, &mut random));
                (self.clock.now_ns() - began) / 50.0
            };
            let samples: Vec<f64> = (0..5).map(|_| block()).collect();
            let mut case = Case::new(format!("mock/{number}"));
            case.record(Side::Send, &quantity::CPU_NS_PER_BYTE, &samples, 1);
            case.record(Side::Send, &quantity::HEAP_CALLS_PER_RECORD, &[if self.slower > 1.0 { 1.0 } else { 0.0 }], 1);
            document.cases.push(case);
        }
        Ok(Response::Results(Box::new(document)))
    }
}

fn mock(command: &str) -> Request {
    Request { command: command.to_owned(), flags: Vec::new() }
}

fn quiet() -> Messages {
    Messages::new(true, 0, Color::Never)
}

/// The verdicts on a second program that is `slower`, and the names of both in the order in which they ran.
fn gate(slower: f64, seed: u64) -> (crate::schema::comparison::Comparison, Vec<&'static str>) {
    let (clock, random, calls) = (MockClock::default(), RefCell::new(Rng::with_seed(seed)), RefCell::default());
    let program = |slower, name| MockProgram { clock: &clock, random: &random, slower, calls: &calls, name };
    let (before, after) = (program(1.0, "A"), program(slower, "B"));
    let turns = PairedRun {
        programs: [&before, &after],
        requests: &[mock("mock")],
        blocks: &|tests| pairs_needed(tests, 0.95),
        is_judged: &|_, _, _| true,
        seed,
    };
    let PairedResults { documents: [before, after], unknown, .. } = turns.run(quiet(), &mut |_| {}).expect("it runs");
    assert!(unknown.is_empty(), "{unknown:?}");
    let find = |_: &str, _: &str, median: f64| Some(AllowedChange { allowed: 0.02 * median, is_binding: true });
    let rules = Rules {
        confidence: 0.95,
        noise_threshold: 0.0,
        allow_foreign: false,
        interleaved: true,
        limits: Some(AllowedChanges { profile: "mock".into(), find: &find }),
        seed,
    };
    let named = |name, document| Named { name, document };
    (compare(named("A", &before), named("B", &after), &rules).expect("comparable"), calls.take())
}

#[test]
fn a_slower_program_is_found_on_a_machine_whose_speed_comes_and_goes() {
    let mut found = 0;
    for seed in 0..30 {
        let (comparison, _) = gate(1.05, seed);
        let time = &comparison.cases[0].metrics[0];
        assert_eq!(time.name, "send.cpu_ns_per_byte");
        if time.verdict == Verdict::Worse {
            found += 1;
            let change = time.difference.expect("a difference").change;
            assert!((0.03..0.07).contains(&change), "{change}: what was put in is 0.05");
        }
        // The heap call is found everywhere, exactly.
        let calls = comparison.with(Verdict::Worse);
        assert_eq!(calls.iter().filter(|(_, metric)| metric.name == "send.heap_calls_per_record").count(), CASES);
        assert_eq!(comparison.outcome, Outcome::Regression);
    }
    assert!(found >= 28, "{found} of 30");
}

#[test]
fn equals_are_called_equal_on_such_a_machine() {
    let alarms = (0..30).filter(|seed| gate(1.0, *seed).0.outcome != Outcome::Passed).count();
    assert!(alarms <= 2, "{alarms} of 30");
}

#[test]
fn each_pair_has_one_block_of_each_and_both_begin_as_often() {
    let (_, calls) = gate(1.0, 1);
    assert_eq!(calls.len(), 2 * pairs_needed(2 * CASES, 0.95));
    let pairs: Vec<&[&str]> = calls.chunks(2).collect();
    assert!(pairs.iter().all(|pair| pair.contains(&"A") && pair.contains(&"B")), "{calls:?}");
    let begun = pairs.iter().filter(|pair| pair[0] == "A").count();
    assert!(begun.abs_diff(pairs.len() - begun) <= 2, "{calls:?}");
}

#[test]
fn what_the_other_program_does_not_know_is_told_and_the_rest_is_measured() {
    let (clock, random, calls) = (MockClock::default(), RefCell::new(Rng::with_seed(1)), RefCell::default());
    let program = MockProgram { clock: &clock, random: &random, slower: 1.0, calls: &calls, name: "A" };
    let newer = Newer(&program);
    let measured = |programs: [&dyn Measures; 2], requests: &[Request]| {
        PairedRun { programs, requests, blocks: &|_| 5, is_judged: &|_, _, _| true, seed: 1 }.run(quiet(), &mut |_| {})
    };
    let both = [mock("new"), mock("mock")];
    let paired = measured([&program, &newer], &both).expect("it runs");
    assert_eq!(paired.documents[0].cases[0].metrics["send.cpu_ns_per_byte"].samples.len(), 5);
    assert_eq!(paired.unknown, HashMap::from([("new".to_owned(), "unknown command new".to_owned())]));
    assert_eq!((paired.requests["new"], paired.requests["mock/0"]), (0, 1));
    assert!(paired.documents[1].cases.iter().any(|case| case.id == "new"));
    assert!(measured([&newer, &program], &both).is_err(), "this build has to know what it is asked for");
    assert!(measured([&program, &newer], &both[..1]).is_err(), "nothing is left");
}

/// A program that knows an additional command.
struct Newer<'a>(&'a MockProgram<'a>);

impl Measures for Newer<'_> {
    fn measure(&self, request: &Request) -> Result<Response, Error> {
        if request.command != "new" {
            return self.0.measure(request);
        }
        let cases = vec![Case::new("new")];
        Ok(Response::Results(Box::new(Document { cases, ..Document::begin(Host::default()) })))
    }
}

/// A program that is interrupted after a few blocks.
struct Interrupted<'a>(&'a MockProgram<'a>, Cell<u32>);

impl Measures for Interrupted<'_> {
    fn measure(&self, request: &Request) -> Result<Response, Error> {
        self.1.set(self.1.get() + 1);
        if self.1.get() > 7 { Err(Error::Interrupted) } else { self.0.measure(request) }
    }
}

#[test]
fn an_interrupted_run_leaves_what_it_has() {
    let (clock, random, calls) = (MockClock::default(), RefCell::new(Rng::with_seed(1)), RefCell::default());
    let program = MockProgram { clock: &clock, random: &random, slower: 1.0, calls: &calls, name: "A" };
    let interrupted = Interrupted(&program, Cell::new(0));
    let requests = [mock("mock")];
    let programs: [&dyn Measures; 2] = [&interrupted, &interrupted];
    let turns = PairedRun { programs, requests: &requests, blocks: &|_| 9, is_judged: &|_, _, _| true, seed: 1 };
    let mut left = None;
    let outcome = turns.run(quiet(), &mut |document| left = Some(document.clone()));
    assert!(outcome.is_ok_and(|paired| paired.documents.iter().all(|document| document.partial)));
    let left = left.expect("a document");
    assert!(left.partial);
    assert_eq!(left.cases[0].metrics["send.cpu_ns_per_byte"].samples.len(), 3, "what has no pair is left out");
}
