//! The Rust side: a global allocator over the same heap, past the hooks for C.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};

use crate::tally::{self, Caller};

/// Counts the heap calls of Rust code. A program must name it as its `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

// SAFETY: memory and layouts are those of the heap underneath; counting does not allocate and does not unwind.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is passed on.
        let block = unsafe { heap::alloc(layout) };
        note(layout, layout.size(), 0, block);
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is passed on.
        let block = unsafe { heap::alloc_zeroed(layout) };
        note(layout, layout.size(), 0, block);
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if tally::is_on() {
            // SAFETY: the caller owns the live block until the last line.
            tally::note_free(Caller::Rust, unsafe { heap::block_bytes(block, layout) });
        }
        // SAFETY: the caller's promise about `block` and `layout` is passed on.
        unsafe { heap::dealloc(block, layout) };
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if !tally::is_on() {
            // SAFETY: the caller's promise about all three is passed on.
            return unsafe { heap::realloc(old, layout, new_size) };
        }
        // SAFETY: the caller owns the live block until the next line.
        let old_bytes = unsafe { heap::block_bytes(old, layout) };
        // SAFETY: the caller's promise about all three is passed on.
        let block = unsafe { heap::realloc(old, layout, new_size) };
        // SAFETY: GlobalAlloc requires the new size to fit a layout of the same alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // After a failure the old block is still there.
        note(new_layout, new_size, if block.is_null() { 0 } else { old_bytes }, block);
        block
    }
}

#[inline]
fn note(layout: Layout, asked_bytes: usize, old_bytes: i64, block: *mut u8) {
    if tally::is_on() {
        // SAFETY: the block has just been returned by the heap for this layout, or is null.
        tally::note_call(Caller::Rust, asked_bytes, unsafe { heap::block_bytes(block, layout) } - old_bytes);
    }
}

/// glibc's heap, without going through `malloc` and `free`.
#[cfg(defines_malloc)]
mod heap {
    use std::alloc::Layout;
    use std::ptr;

    use crate::glibc::{__libc_calloc, __libc_free, __libc_malloc, __libc_memalign, __libc_realloc};

    /// The alignment of every block of glibc.
    const HEAP_ALIGNMENT: usize = 2 * size_of::<usize>();

    pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
        if layout.align() <= HEAP_ALIGNMENT {
            // SAFETY: malloc takes any size.
            unsafe { __libc_malloc(layout.size()).cast() }
        } else {
            // SAFETY: the alignment of a layout is a power of two.
            unsafe { __libc_memalign(layout.align(), layout.size()).cast() }
        }
    }

    pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        if layout.align() <= HEAP_ALIGNMENT {
            // SAFETY: calloc takes any size.
            return unsafe { __libc_calloc(1, layout.size()).cast() };
        }
        // SAFETY: the layout is the caller's.
        let block = unsafe { alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block is new and has at least the size of the layout.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    pub(super) unsafe fn dealloc(block: *mut u8, _layout: Layout) {
        // SAFETY: the block came from this heap, which knows its size, and the caller gives it up.
        unsafe { __libc_free(block.cast()) };
    }

    pub(super) unsafe fn realloc(old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() <= HEAP_ALIGNMENT {
            // SAFETY: the block came from this heap; GlobalAlloc never asks for size zero.
            return unsafe { __libc_realloc(old.cast(), new_size).cast() };
        }
        // SAFETY: the alignment of a layout is a power of two.
        let block: *mut u8 = unsafe { __libc_memalign(layout.align(), new_size).cast() };
        if !block.is_null() {
            // SAFETY: two different live blocks, both at least as long as the smaller size; the old one is given up.
            unsafe {
                ptr::copy_nonoverlapping(old, block, layout.size().min(new_size));
                __libc_free(old.cast());
            }
        }
        block
    }

    pub(super) unsafe fn block_bytes(block: *mut u8, _layout: Layout) -> i64 {
        // SAFETY: the caller has a live block of this heap, or null.
        unsafe { crate::glibc::block_bytes(block.cast()) }
    }
}

/// The system's allocator, where C cannot be told apart.
#[cfg(not(defines_malloc))]
mod heap {
    use std::alloc::{GlobalAlloc, Layout, System};

    pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
        // SAFETY: the layout is the caller's.
        unsafe { System.alloc(layout) }
    }

    pub(super) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
        // SAFETY: the layout is the caller's.
        unsafe { System.alloc_zeroed(layout) }
    }

    pub(super) unsafe fn dealloc(block: *mut u8, layout: Layout) {
        // SAFETY: block and layout are the caller's.
        unsafe { System.dealloc(block, layout) };
    }

    pub(super) unsafe fn realloc(old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: block, layout and size are the caller's.
        unsafe { System.realloc(old, layout, new_size) }
    }

    pub(super) unsafe fn block_bytes(block: *mut u8, layout: Layout) -> i64 {
        if block.is_null() { 0 } else { layout.size() as i64 }
    }
}
