//! Counts heap calls, separately for Rust code and C code.
//!
//! A test or a benchmark that claims "no heap call per record" must see every call, including those of a cryptographic
//! library written in C. On Linux with glibc this crate therefore defines `malloc` and its family itself, on top of
//! glibc's own `__libc_malloc`. The linker prefers the definitions of the program, and glibc's own users (`strdup`,
//! ...) follow. Rust code does not go through them: [`Allocator`] calls `__libc_malloc` directly and counts as Rust, so
//! that every call of `malloc` is from C. On other systems only Rust is counted, and [`covers_c`] says so.
//!
//! A build with a sanitizer has its own `malloc`, which must see every call, so the crate leaves `malloc` alone:
//! [`Allocator`] calls the sanitizer's, and only Rust is counted.
//!
//! The program or test must name the allocator once:
//!
//! ```
//! #[global_allocator]
//! static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;
//!
//! let (list, counts) = heap_meter::count(|| vec![1_u8; 100]);
//! assert_eq!((counts.rust_calls, counts.rust_bytes, counts.c_calls), (1, 100, 0));
//! assert!(counts.live_bytes >= 100);
//! # drop(list);
//! ```
//!
//! # Cost and accuracy
//!
//! While nobody counts, a heap call costs one relaxed load more than without this crate. The flag is the number of
//! running meters, so that tests in parallel do not turn each other off.
//!
//! [`count`] is exact: its counters are thread-local. [`count_process`] adds up over all threads with relaxed atomics. A
//! thread that is started and joined within the closure is counted in full, because starting and joining order its
//! calls with ours. For a thread that runs all the time, calls near the beginning or the end of the closure may or may
//! not be counted.

mod allocator;
#[cfg(defines_malloc)]
mod glibc;
mod tally;

pub use allocator::Allocator;
pub use tally::{Counts, count, count_process, of_this_thread};

/// Whether this build of the crate defines `malloc`, so that calls by C code should be counted: on Linux with glibc,
/// but not with a sanitizer.
pub const DEFINES_MALLOC: bool = cfg!(defines_malloc);

/// Whether calls by C code are counted in this program. This is tested, not assumed.
///
/// False if the crate does not define `malloc`, and if something else has replaced it first.
pub fn covers_c() -> bool {
    #[cfg(defines_malloc)]
    return count(glibc::probe).1.c_calls == 1;
    #[cfg(not(defines_malloc))]
    false
}

/// Whether calls by Rust code are counted in this program, that is, whether [`Allocator`] is its global allocator.
pub fn covers_rust() -> bool {
    count(|| std::hint::black_box(Box::new(0_u8))).1.rust_calls == 1
}
