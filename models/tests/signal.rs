//! No wake-up is lost, in any order in which the threads can run. If it were, a consumer with unseen items and a silent
//! file descriptor would sleep forever. Each rule of the engine is broken once, to show that the models detect it.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use models::signal::{Flag, QueuedSignal, ReadyQueue, Signal};

/// A file descriptor that behaves like an eventfd, with level-triggered and edge-triggered polls.
struct FileDescriptor(Mutex<DescriptorState>);

#[derive(Default)]
struct DescriptorState {
    is_readable: bool,
    /// Written since the last edge-triggered poll.
    has_edge: bool,
    writes: usize,
}

impl FileDescriptor {
    fn new() -> Self {
        Self(Mutex::new(DescriptorState::default()))
    }

    fn write(&self) {
        let mut state = self.0.lock().unwrap();
        state.is_readable = true;
        state.has_edge = true;
        state.writes += 1;
    }

    fn read(&self) {
        self.0.lock().unwrap().is_readable = false;
    }

    fn poll_level(&self) -> bool {
        self.0.lock().unwrap().is_readable
    }

    fn poll_edge(&self) -> bool {
        std::mem::take(&mut self.0.lock().unwrap().has_edge)
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }
}

/// The engine's flag in front of a file descriptor: `io::SignalFd` built from loom's parts.
struct FdSignal {
    flag: Flag,
    fd: FileDescriptor,
}

impl FdSignal {
    fn new() -> Self {
        Self { flag: Flag::new(), fd: FileDescriptor::new() }
    }
}

impl Signal for FdSignal {
    fn raise(&self) {
        if self.flag.raise() {
            self.fd.write();
        }
    }

    fn clear(&self) {
        self.fd.read();
        self.flag.clear();
    }

    fn acknowledge(&self) {
        self.flag.clear();
    }
}

/// Runs one producer for each of `items`, which publishes that many items and raises the signal each time, and a
/// consumer that looks only when `poll_and_clear` reports that it was woken. Each poll may find nothing; that is where
/// a real consumer would sleep.
fn nothing_is_lost<S: Signal + Send + Sync + 'static>(
    items: &[usize],
    signal: S,
    poll_and_clear: impl Fn(&S) -> bool,
) -> Arc<S> {
    let signal = Arc::new(signal);
    let published = Arc::new(AtomicUsize::new(0));
    let producers: Vec<_> = items
        .iter()
        .map(|&items| {
            let (signal, published) = (signal.clone(), published.clone());
            thread::spawn(move || {
                for _ in 0..items {
                    // Relaxed: the signal alone provides the ordering.
                    published.fetch_add(1, Ordering::Relaxed);
                    signal.raise();
                }
            })
        })
        .collect();
    let mut seen = 0;
    let mut look = || {
        let is_woken = poll_and_clear(&signal);
        if is_woken {
            seen = published.load(Ordering::Relaxed);
        }
        is_woken
    };
    // While they run, and after they are done.
    look();
    look();
    for producer in producers {
        producer.join().unwrap();
    }
    while look() {}
    assert_eq!(seen, items.iter().sum::<usize>(), "something waits, and nothing wakes the consumer");
    signal
}

/// Explores every order for one producer. Two have too many, so only the orders with a limited number of preemptions
/// are explored.
fn model(check: impl Fn(&[usize]) + Send + Sync + Copy + 'static) {
    loom::model(move || check(&[3]));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || check(&[1, 1]));
}

#[test]
fn a_level_triggered_consumer_misses_nothing() {
    model(|items| {
        let signal = nothing_is_lost(items, FdSignal::new(), |signal| {
            let is_woken = signal.fd.poll_level();
            if is_woken {
                signal.clear();
            }
            is_woken
        });
        assert!((1..=3).contains(&signal.fd.writes()));
    });
}

#[test]
fn an_edge_triggered_consumer_misses_nothing() {
    model(|items| {
        nothing_is_lost(items, FdSignal::new(), |signal| {
            let is_woken = signal.fd.poll_edge();
            if is_woken {
                signal.acknowledge();
            }
            is_woken
        });
    });
}

#[test]
fn an_edge_triggered_consumer_that_empties_misses_nothing() {
    model(|items| {
        nothing_is_lost(items, FdSignal::new(), |signal| {
            let is_woken = signal.fd.poll_edge();
            if is_woken {
                signal.clear();
            }
            is_woken
        });
    });
}

/// One system call more than the number of times that the consumer cleared the signal, whatever the number of raises.
#[test]
fn repeated_raises_cost_one_system_call() {
    loom::model(|| {
        let signal = Arc::new(FdSignal::new());
        let other = signal.clone();
        let producer = thread::spawn(move || {
            other.raise();
            other.raise();
        });
        signal.raise();
        signal.raise();
        producer.join().unwrap();
        assert_eq!(signal.fd.writes(), 1);
        signal.clear();
        signal.raise();
        assert_eq!(signal.fd.writes(), 2);
    });
}

#[test]
fn every_connection_of_a_ready_queue_is_found() {
    loom::model(|| {
        let queue = Arc::new(ReadyQueue::new(FdSignal::new()));
        let signals: Vec<_> = (0..2).map(|token| Arc::new(QueuedSignal::new(queue.clone(), token))).collect();
        let published: Vec<_> = (0..2).map(|_| Arc::new(AtomicUsize::new(0))).collect();
        let producer = {
            let (signals, published) = (signals.clone(), published.clone());
            thread::spawn(move || {
                for token in [0, 1, 0] {
                    published[token].fetch_add(1, Ordering::Relaxed);
                    signals[token].raise();
                }
            })
        };
        let mut seen = [0, 0];
        let mut look = || {
            let is_woken = queue.signal().fd.poll_edge();
            if is_woken {
                let mut tokens = Vec::new();
                queue.take(&mut tokens);
                for token in tokens {
                    signals[token].clear();
                    seen[token] = published[token].load(Ordering::Relaxed);
                }
            }
            is_woken
        };
        look();
        producer.join().unwrap();
        while look() {}
        assert_eq!(seen, [2, 1], "a connection is ready, and nothing wakes the loop");
    });
}

/// A flag that breaks one of the rules.
struct Broken {
    is_up: AtomicBool,
    fd: FileDescriptor,
    rule: Rule,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Swaps with relaxed ordering.
    Ordered,
    /// A raise of a flag that is already up only loads it.
    AlwaysSwaps,
    /// The flag is cleared before the file descriptor is emptied.
    EmptiesFirst,
}

impl Broken {
    fn new(rule: Rule) -> Self {
        Self { is_up: AtomicBool::new(false), fd: FileDescriptor::new(), rule }
    }

    fn ordering(&self) -> Ordering {
        if self.rule == Rule::Ordered { Ordering::Relaxed } else { Ordering::AcqRel }
    }
}

impl Signal for Broken {
    fn raise(&self) {
        if self.rule == Rule::AlwaysSwaps && self.is_up.load(Ordering::Acquire) {
            return;
        }
        if !self.is_up.swap(true, self.ordering()) {
            self.fd.write();
        }
    }

    fn clear(&self) {
        if self.rule == Rule::EmptiesFirst {
            self.is_up.swap(false, self.ordering());
            self.fd.read();
        } else {
            self.fd.read();
            self.is_up.swap(false, self.ordering());
        }
    }
}

fn broken(rule: Rule) {
    model(move |items| {
        nothing_is_lost(items, Broken::new(rule), |signal| {
            let is_woken = signal.fd.poll_level();
            if is_woken {
                signal.clear();
            }
            is_woken
        });
    });
}

#[test]
#[should_panic(expected = "nothing wakes the consumer")]
fn relaxed_swaps_lose_wake_ups() {
    broken(Rule::Ordered);
}

#[test]
#[should_panic(expected = "nothing wakes the consumer")]
fn a_raise_that_only_loads_loses_wake_ups() {
    broken(Rule::AlwaysSwaps);
}

#[test]
#[should_panic(expected = "nothing wakes the consumer")]
fn emptying_after_the_flag_loses_wake_ups() {
    broken(Rule::EmptiesFirst);
}
