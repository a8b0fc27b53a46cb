//! The C side on glibc: `malloc` and its family, defined by the program instead of by the C library.
//!
//! Every function here may be called before `main`, in any thread and while a thread ends, so none of them may
//! allocate, lock or panic. `valloc` and `pvalloc` are left to glibc: they use the same heap, are not counted, and are
//! obsolete.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;

use crate::tally::{self, Caller};

// errno values that POSIX lets posix_memalign return.
const EINVAL: c_int = 22;
const ENOMEM: c_int = 12;

// SAFETY: the declarations match those of glibc, which exports these names for exactly this use.
unsafe extern "C" {
    pub(crate) fn __libc_malloc(size: usize) -> *mut c_void;
    pub(crate) fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    pub(crate) fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
    pub(crate) fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    pub(crate) fn __libc_free(block: *mut c_void);
    fn malloc_usable_size(block: *mut c_void) -> usize;
    fn strdup(text: *const c_char) -> *mut c_char;
}

/// The size of a block as the heap has rounded it; zero for null.
///
/// # Safety
/// `block` is null or a live block of glibc's heap.
pub(crate) unsafe fn block_bytes(block: *mut c_void) -> i64 {
    // SAFETY: malloc_usable_size requires no more than the caller promises.
    unsafe { malloc_usable_size(block) as i64 }
}

/// One call of `malloc` and one of `free` by C code: glibc copies a string.
pub(crate) fn probe() {
    // SAFETY: the argument ends with a zero; the copy comes from malloc, and free accepts the null of a failure.
    unsafe { free(black_box(strdup(c"".as_ptr())).cast()) }
}

// SAFETY (of all names below): they replace glibc's functions and keep their contracts by passing every argument on
// to glibc's own implementation, so any mixture of the two kinds of block can be freed by either.

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    // SAFETY: malloc takes any size.
    let block = unsafe { __libc_malloc(size) };
    note(size, 0, block);
    block
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: calloc takes any sizes, and checks their product itself.
    let block = unsafe { __libc_calloc(count, size) };
    note(count.saturating_mul(size), 0, block);
    block
}

#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(old: *mut c_void, size: usize) -> *mut c_void {
    if !tally::is_on() {
        // SAFETY: the caller of realloc keeps its contract.
        return unsafe { __libc_realloc(old, size) };
    }
    // SAFETY: the caller of realloc owns `old`, a live block or null, until the next line.
    let old_bytes = unsafe { block_bytes(old) };
    // SAFETY: the caller of realloc keeps its contract.
    let block = unsafe { __libc_realloc(old, size) };
    if size == 0 && !old.is_null() {
        // In this case, glibc has freed the block.
        tally::note_free(Caller::C, old_bytes);
    } else {
        // If it failed, the old block still exists.
        note(size, if block.is_null() { 0 } else { old_bytes }, block);
    }
    block
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: memalign checks its arguments itself.
    let block = unsafe { __libc_memalign(alignment, size) };
    note(size, 0, block);
    block
}

#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: as for memalign.
    unsafe { memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    if !alignment.is_power_of_two() || !alignment.is_multiple_of(size_of::<*mut c_void>()) {
        return EINVAL;
    }
    // SAFETY: as for memalign.
    let block = unsafe { memalign(alignment, size) };
    if block.is_null() {
        return ENOMEM;
    }
    // SAFETY: POSIX requires the caller to pass a place that may be written.
    unsafe { *place = block };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    if tally::is_on() && !block.is_null() {
        // SAFETY: the caller of free owns the live block until the last line.
        tally::note_free(Caller::C, unsafe { block_bytes(block) });
    }
    // SAFETY: the caller of free keeps its contract.
    unsafe { __libc_free(block) };
}

#[inline]
fn note(asked_bytes: usize, old_bytes: i64, block: *mut c_void) {
    if tally::is_on() {
        // SAFETY: the block has just been returned by glibc, or is null.
        tally::note_call(Caller::C, asked_bytes, unsafe { block_bytes(block) } - old_bytes);
    }
}
