//! The counters: one set per thread, one for the process, and the flag that turns them on.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, compiler_fence};

/// The heap activity while a closure ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls by Rust code that requested memory; a reallocation is one call.
    pub rust_calls: u64,
    /// Bytes that these calls requested; a reallocation counts its whole new size.
    pub rust_bytes: u64,
    /// Blocks freed by Rust code.
    pub rust_frees: u64,
    /// Calls by C code that requested memory; a reallocation is one call.
    pub c_calls: u64,
    /// Bytes that these calls requested; a reallocation counts its whole new size.
    pub c_bytes: u64,
    /// Blocks freed by C code.
    pub c_frees: u64,
    /// Bytes allocated minus bytes freed, as rounded by the heap; negative if older blocks were freed.
    pub live_bytes: i64,
    /// The maximum of `live_bytes`, never below zero.
    pub peak_bytes: i64,
}

impl Counts {
    /// Calls by Rust and C code together that requested memory.
    pub fn calls(&self) -> u64 {
        self.rust_calls + self.c_calls
    }

    /// Blocks freed by Rust and C code.
    pub fn frees(&self) -> u64 {
        self.rust_frees + self.c_frees
    }
}

/// Runs `work` and counts the heap calls of this thread only.
///
/// It may be nested, and may run in many threads at once.
pub fn count<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    let _on = Switch::on(THREAD);
    let outer_peak = THREAD_TALLY.with(|tally| tally.peak_bytes.replace(tally.live_bytes.get()));
    let before = read_thread();
    let result = fenced(work);
    let after = read_thread();
    THREAD_TALLY.with(|tally| tally.peak_bytes.set(outer_peak.max(after.peak_bytes)));
    (result, difference(before, after))
}

/// Runs `work` and counts the heap calls of all threads of the process meanwhile.
///
/// Only one caller at a time: a second one waits for the first, so a call within `work` would deadlock.
pub fn count_process<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let _on = Switch::on(PROCESS);
    PROCESS_TALLY.peak_bytes.store(PROCESS_TALLY.live_bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    let before = read_process();
    let result = fenced(work);
    (result, difference(before, read_process()))
}

/// The counts of this thread since it started, for the time that any thread was within [`count`]. For a thread that
/// can't call [`count`] itself, because its loop belongs to other code. The counts are never reset.
pub fn of_this_thread() -> Counts {
    read_thread()
}

/// The caller of the heap.
#[derive(Clone, Copy)]
pub(crate) enum Caller {
    Rust,
    #[cfg(defines_malloc)]
    C,
}

/// Whether anyone is counting. Everything else is reached only if this is true.
#[inline]
pub(crate) fn is_on() -> bool {
    RUNNING.load(Ordering::Relaxed) != 0
}

/// Records a call that requested `asked_bytes` and changed the heap by `live_bytes`.
#[cold]
pub(crate) fn note_call(caller: Caller, asked_bytes: usize, live_bytes: i64) {
    let running = RUNNING.load(Ordering::Relaxed);
    let side = caller as usize;
    if running & (PROCESS - 1) != 0 {
        THREAD_TALLY.with(|tally| {
            add(&tally.calls[side], 1);
            add(&tally.bytes[side], asked_bytes as u64);
            tally.add_live(live_bytes);
        });
    }
    if running >= PROCESS {
        PROCESS_TALLY.calls[side].fetch_add(1, Ordering::Relaxed);
        PROCESS_TALLY.bytes[side].fetch_add(asked_bytes as u64, Ordering::Relaxed);
        PROCESS_TALLY.add_live(live_bytes);
    }
}

/// Records that a block of `freed_bytes` is freed.
#[cold]
pub(crate) fn note_free(caller: Caller, freed_bytes: i64) {
    let running = RUNNING.load(Ordering::Relaxed);
    let side = caller as usize;
    if running & (PROCESS - 1) != 0 {
        THREAD_TALLY.with(|tally| {
            add(&tally.frees[side], 1);
            tally.add_live(-freed_bytes);
        });
    }
    if running >= PROCESS {
        PROCESS_TALLY.frees[side].fetch_add(1, Ordering::Relaxed);
        PROCESS_TALLY.add_live(-freed_bytes);
    }
}

const SIDES: usize = 2;
const RUST: usize = 0;
const C: usize = 1;

/// The amount that a meter of a thread adds to [`RUNNING`] while it runs, and the amount for a meter of the process.
const THREAD: u64 = 1;
const PROCESS: u64 = 1 << 32;

/// The flag: zero while nobody counts. Relaxed is enough: a thread sees its own change at once, a thread started later
/// sees it because it was started, and the documentation promises nothing for the others.
static RUNNING: AtomicU64 = AtomicU64::new(0);

struct Switch(u64);

impl Switch {
    fn on(meter: u64) -> Self {
        RUNNING.fetch_add(meter, Ordering::Relaxed);
        Self(meter)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        RUNNING.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Only differences between two readings are meaningful.
struct ThreadTally {
    calls: [Cell<u64>; SIDES],
    bytes: [Cell<u64>; SIDES],
    frees: [Cell<u64>; SIDES],
    live_bytes: Cell<i64>,
    peak_bytes: Cell<i64>,
}

impl ThreadTally {
    fn add_live(&self, change_bytes: i64) {
        let live_bytes = self.live_bytes.get() + change_bytes;
        self.live_bytes.set(live_bytes);
        self.peak_bytes.set(self.peak_bytes.get().max(live_bytes));
    }
}

struct ProcessTally {
    calls: [AtomicU64; SIDES],
    bytes: [AtomicU64; SIDES],
    frees: [AtomicU64; SIDES],
    live_bytes: AtomicI64,
    peak_bytes: AtomicI64,
}

impl ProcessTally {
    fn add_live(&self, change_bytes: i64) {
        let live_bytes = self.live_bytes.fetch_add(change_bytes, Ordering::Relaxed) + change_bytes;
        self.peak_bytes.fetch_max(live_bytes, Ordering::Relaxed);
    }
}

thread_local! {
    // Constant and without a destructor: neither the first access nor the end of the thread calls the heap, and the
    // hooks can still use it while other thread-local values are being destroyed.
    static THREAD_TALLY: ThreadTally = const {
        ThreadTally {
            calls: [const { Cell::new(0) }; SIDES],
            bytes: [const { Cell::new(0) }; SIDES],
            frees: [const { Cell::new(0) }; SIDES],
            live_bytes: Cell::new(0),
            peak_bytes: Cell::new(0),
        }
    };
}

static PROCESS_TALLY: ProcessTally = ProcessTally {
    calls: [const { AtomicU64::new(0) }; SIDES],
    bytes: [const { AtomicU64::new(0) }; SIDES],
    frees: [const { AtomicU64::new(0) }; SIDES],
    live_bytes: AtomicI64::new(0),
    peak_bytes: AtomicI64::new(0),
};

/// Prevents the compiler from moving heap calls across the readings of the counters, or from removing them.
fn fenced<T>(work: impl FnOnce() -> T) -> T {
    compiler_fence(Ordering::SeqCst);
    let result = black_box(black_box(work)());
    compiler_fence(Ordering::SeqCst);
    result
}

fn add(cell: &Cell<u64>, amount: u64) {
    cell.set(cell.get().wrapping_add(amount));
}

#[inline(never)]
fn read_thread() -> Counts {
    THREAD_TALLY.with(|tally| Counts {
        rust_calls: tally.calls[RUST].get(),
        rust_bytes: tally.bytes[RUST].get(),
        rust_frees: tally.frees[RUST].get(),
        c_calls: tally.calls[C].get(),
        c_bytes: tally.bytes[C].get(),
        c_frees: tally.frees[C].get(),
        live_bytes: tally.live_bytes.get(),
        peak_bytes: tally.peak_bytes.get(),
    })
}

#[inline(never)]
fn read_process() -> Counts {
    let tally = &PROCESS_TALLY;
    Counts {
        rust_calls: tally.calls[RUST].load(Ordering::Relaxed),
        rust_bytes: tally.bytes[RUST].load(Ordering::Relaxed),
        rust_frees: tally.frees[RUST].load(Ordering::Relaxed),
        c_calls: tally.calls[C].load(Ordering::Relaxed),
        c_bytes: tally.bytes[C].load(Ordering::Relaxed),
        c_frees: tally.frees[C].load(Ordering::Relaxed),
        live_bytes: tally.live_bytes.load(Ordering::Relaxed),
        peak_bytes: tally.peak_bytes.load(Ordering::Relaxed),
    }
}

fn difference(before: Counts, after: Counts) -> Counts {
    Counts {
        rust_calls: after.rust_calls.wrapping_sub(before.rust_calls),
        rust_bytes: after.rust_bytes.wrapping_sub(before.rust_bytes),
        rust_frees: after.rust_frees.wrapping_sub(before.rust_frees),
        c_calls: after.c_calls.wrapping_sub(before.c_calls),
        c_bytes: after.c_bytes.wrapping_sub(before.c_bytes),
        c_frees: after.c_frees.wrapping_sub(before.c_frees),
        live_bytes: after.live_bytes - before.live_bytes,
        peak_bytes: (after.peak_bytes - before.live_bytes).max(0),
    }
}
