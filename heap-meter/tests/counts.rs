//! Known heap calls by Rust and C produce exactly those counts.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;

use heap_meter::{Counts, count, count_process, covers_rust};

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

#[test]
fn the_program_is_covered() {
    assert!(covers_rust());
    assert_eq!(heap_meter::covers_c(), cfg!(all(target_os = "linux", target_env = "gnu", not(sanitized))));
    assert_eq!(heap_meter::DEFINES_MALLOC, heap_meter::covers_c());
}

#[test]
fn nothing_is_counted_as_nothing() {
    let mut buffer = vec![0_u8; 1 << 16];
    let ((), counts) = count(|| buffer.fill(black_box(7)));
    assert_eq!(counts, Counts::default());
}

#[test]
fn rust_calls_bytes_and_frees() {
    let (list, counts) = count(|| {
        let mut list = Vec::with_capacity(100);
        list.extend_from_slice(&[1_u8; 100]);
        list.reserve_exact(900);
        drop(black_box(Box::new([0_u64; 4])));
        list
    });
    assert_eq!((counts.rust_calls, counts.rust_bytes, counts.rust_frees), (3, 100 + 1000 + 32, 1));
    assert_eq!((counts.c_calls, counts.c_bytes, counts.c_frees), (0, 0, 0));
    assert!((1000..1100).contains(&counts.live_bytes), "{counts:?}");
    assert!((counts.live_bytes..counts.live_bytes + 200).contains(&counts.peak_bytes), "{counts:?}");

    let ((), counts) = count(|| drop(list));
    assert_eq!((counts.calls(), counts.frees(), counts.peak_bytes), (0, 1, 0));
    assert!(counts.live_bytes <= -1000, "{counts:?}");
}

#[test]
fn large_alignments_keep_their_content() {
    let layout = Layout::from_size_align(100, 4096).unwrap();
    let ((), counts) = count(|| {
        // SAFETY: the block is used within its size and freed with the layout that it has by then.
        unsafe {
            let block = alloc(layout);
            block.write_bytes(5, 100);
            let block = realloc(block, layout, 10_000);
            assert_eq!(block as usize % 4096, 0);
            assert_eq!(std::slice::from_raw_parts(block, 100), [5; 100]);
            dealloc(block, Layout::from_size_align(10_000, 4096).unwrap());
            let zeroed = alloc_zeroed(layout);
            assert_eq!(zeroed as usize % 4096, 0);
            assert_eq!(std::slice::from_raw_parts(zeroed, 100), [0; 100]);
            dealloc(zeroed, layout);
        }
    });
    assert_eq!((counts.rust_calls, counts.rust_bytes, counts.rust_frees), (3, 10_200, 2));
    assert_eq!((counts.c_calls, counts.live_bytes), (0, 0));
}

#[test]
fn nested_counts_see_the_same_calls() {
    let ((_kept, inner), outer) = count(|| {
        drop(black_box(vec![0_u8; 1 << 20]));
        count(|| black_box(vec![0_u8; 1000]))
    });
    assert_eq!((inner.rust_calls, outer.rust_calls), (1, 2));
    assert!(inner.peak_bytes < 2000, "{inner:?}");
    assert!(outer.peak_bytes >= 1 << 20, "{outer:?}");
}

#[test]
fn a_thread_counts_only_itself() {
    let barrier = Arc::new(Barrier::new(2));
    let other = {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            barrier.wait();
            let blocks: Vec<Box<u32>> = (0..1000).map(|number| black_box(Box::new(number))).collect();
            barrier.wait();
            blocks.len()
        })
    };
    let ((), counts) = count(|| {
        barrier.wait();
        barrier.wait();
    });
    assert_eq!(counts.calls(), 0, "{counts:?}");
    assert_eq!(other.join().unwrap(), 1000);
}

#[test]
fn the_process_counts_the_threads_it_started() {
    let ((), counts) = count_process(|| {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|number: u32| drop(black_box(Box::new(number)))));
            }
        });
    });
    assert!(counts.rust_calls >= 4000 && counts.rust_frees >= 4000, "{counts:?}");
    assert!(counts.peak_bytes > 0, "{counts:?}");
}

#[test]
fn a_panic_inside_switches_the_meter_off() {
    let result = std::panic::catch_unwind(|| count(|| std::panic::resume_unwind(Box::new(1_u8))).0);
    assert!(result.is_err());
    assert!(covers_rust(), "counting still works afterwards");
}

#[cfg(all(target_os = "linux", target_env = "gnu", not(sanitized)))]
mod c {
    use std::ffi::c_void;
    use std::ptr;

    use super::*;

    #[test]
    fn every_function_of_the_family() {
        let ((), counts) = count(|| {
            // SAFETY: every block is freed once, and used only within its size.
            unsafe {
                let mut block = black_box(libc::malloc(10));
                block = black_box(libc::realloc(block, 1000));
                libc::free(block);
                let zeroed = black_box(libc::calloc(3, 7));
                assert_eq!(std::slice::from_raw_parts(zeroed.cast::<u8>(), 21), [0; 21]);
                libc::free(zeroed);
                libc::free(black_box(libc::memalign(64, 100)));
                libc::free(black_box(libc::aligned_alloc(64, 128)));
                let mut place: *mut c_void = ptr::null_mut();
                assert_eq!(libc::posix_memalign(&raw mut place, 256, 5), 0);
                assert_eq!(place as usize % 256, 0);
                libc::free(place);
                libc::free(ptr::null_mut());
            }
        });
        assert_eq!((counts.c_calls, counts.c_bytes), (6, 10 + 1000 + 21 + 100 + 128 + 5));
        assert_eq!((counts.c_frees, counts.live_bytes), (5, 0));
        assert_eq!((counts.rust_calls, counts.rust_frees), (0, 0));
        assert!(counts.peak_bytes >= 1000, "{counts:?}");
    }

    #[test]
    fn calls_from_within_the_c_library() {
        let (copy, counts) = count(|| {
            // SAFETY: the argument ends with a zero.
            unsafe { libc::strdup(c"counted".as_ptr()) }
        });
        assert_eq!((counts.c_calls, counts.c_bytes, counts.rust_calls), (1, 8, 0));
        // SAFETY: strdup returns a block of malloc.
        let ((), counts) = count(|| unsafe { libc::free(copy.cast()) });
        assert_eq!((counts.c_calls, counts.c_frees, counts.rust_frees), (0, 1, 0));
    }

    #[test]
    fn bad_alignments_are_refused() {
        let mut place: *mut c_void = ptr::null_mut();
        for alignment in [0, 3, 4, 24] {
            // SAFETY: the place may be written.
            assert_eq!(unsafe { libc::posix_memalign(&raw mut place, alignment, 16) }, libc::EINVAL, "{alignment}");
            assert!(place.is_null());
        }
    }

    #[test]
    fn realloc_to_nothing_is_a_free() {
        // SAFETY: the second call frees the block.
        let ((), counts) = count(|| unsafe {
            let block = black_box(libc::malloc(100));
            assert!(libc::realloc(block, 0).is_null());
        });
        assert_eq!((counts.c_calls, counts.c_frees, counts.live_bytes), (1, 1, 0));
    }
}

#[test]
fn a_thread_can_tell_what_it_did_while_another_counted() {
    let (own, counted) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let other = {
        let (own, counted) = (Arc::clone(&own), Arc::clone(&counted));
        thread::spawn(move || {
            own.wait();
            let before = heap_meter::of_this_thread();
            drop(black_box(vec![1_u8; 1000]));
            let after = heap_meter::of_this_thread();
            counted.wait();
            (before, after)
        })
    };
    let ((), here) = count(|| {
        own.wait();
        counted.wait();
    });
    let (before, after) = other.join().expect("the thread ends");
    assert_eq!((here.rust_calls, after.rust_calls - before.rust_calls), (0, 1));
    assert_eq!(after.live_bytes, before.live_bytes);
    assert!(after.peak_bytes >= before.live_bytes + 1000, "{after:?}");
}
