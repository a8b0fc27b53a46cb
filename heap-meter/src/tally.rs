//! The counters: one set in every thread, one for the process, and the flag in front of both.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, compiler_fence};

/// What happened on the heap while a closure ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of Rust code that asked for memory; a reallocation is one call.
    pub rust_calls: u64,
    /// Bytes that those calls asked for; a reallocation counts its whole new size.
    pub rust_bytes: u64,
    /// Blocks that Rust code gave back.
    pub rust_frees: u64,
    /// Calls of C code that asked for memory; a reallocation is one call.
    pub c_calls: u64,
    /// Bytes that those calls asked for; a reallocation counts its whole new size.
    pub c_bytes: u64,
    /// Blocks that C code gave back.
    pub c_frees: u64,
    /// Bytes obtained less bytes given back, as the heap rounds them; negative when older blocks were freed.
    pub live_bytes: i64,
    /// The highest value that `live_bytes` had, never below zero.
    pub peak_bytes: i64,
}

impl Counts {
    /// Calls of Rust and C code together that asked for memory.
    pub fn calls(&self) -> u64 {
        self.rust_calls + self.c_calls
    }

    /// Blocks that Rust and C code gave back.
    pub fn frees(&self) -> u64 {
        self.rust_frees + self.c_frees
    }
}

/// Runs `work` and counts the heap calls of this thread, and of no other.
///
/// May be nested, and may run in many threads at once.
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
/// One at a time: a second caller waits for the first, so a call inside `work` would wait for ever.
pub fn count_process<T>(work: impl FnOnce() -> T) -> (T, Counts) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let _on = Switch::on(PROCESS);
    PROCESS_TALLY.peak_bytes.store(PROCESS_TALLY.live_bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    let before = read_process();
    let result = fenced(work);
    (result, difference(before, read_process()))
}

/// All that this thread has done while any thread was within [`count`]: for a thread that can't be within it itself, because it
/// is somebody else's loop. Nothing is set back in between.
pub fn of_this_thread() -> Counts {
    read_thread()
}

/// Who called the heap.
#[derive(Clone, Copy)]
pub(crate) enum Caller {
    Rust,
    #[cfg(defines_malloc)]
    C,
}

/// Whether anybody counts now; everything else is reached only when this says so.
#[inline]
pub(crate) fn is_on() -> bool {
    RUNNING.load(Ordering::Relaxed) != 0
}

/// Notes a call that asked for `asked_bytes` and changed the heap by `live_bytes`.
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

/// Notes that a block of `freed_bytes` is given back.
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

/// What a meter of a thread adds to [`RUNNING`] while it runs, and what a meter of the process adds.
const THREAD: u64 = 1;
const PROCESS: u64 = 1 << 32;

/// The flag: zero while nobody counts. Relaxed is enough: a thread sees its own change at once, a thread started
/// later sees it through the start, and for the others the documentation promises nothing.
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

/// Only the differences between two readings mean anything.
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
    // Constant and without a destructor: neither the first access nor the end of the thread calls the heap, and
    // the hooks still find it while other thread-local values are being destroyed.
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

/// Keeps the compiler from moving heap calls over the readings of the counters, or from leaving them out.
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
