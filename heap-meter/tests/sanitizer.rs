//! A build with AddressSanitizer finds errors in memory of the meter's allocator and of C.
#![cfg(sanitized)]
#![allow(unsafe_code)]

use std::env;
use std::hint::black_box;
use std::process::Command;

#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

/// The error that the child of this test makes.
const MISTAKE: &str = "HEAP_METER_TEST_MISTAKE";

#[test]
fn mistakes_are_found() {
    if let Ok(mistake) = env::var(MISTAKE) {
        make(&mistake);
        return;
    }
    let find = |mistake: &str| {
        let program = env::current_exe().expect("this program");
        let mut child = Command::new(program);
        let output = child.args(["--exact", "mistakes_are_found"]).env(MISTAKE, mistake).output().expect("a child");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (mistake, name) in [
        ("read behind the end", "heap-buffer-overflow"),
        ("read what was freed", "heap-use-after-free"),
        ("free twice in C", "attempting double-free"),
    ] {
        let (succeeded, said) = find(mistake);
        assert!(!succeeded && said.contains("AddressSanitizer") && said.contains(name), "{mistake}: {said}");
    }
    let (succeeded, said) = find("none");
    assert!(succeeded, "{said}");
}

fn make(mistake: &str) {
    let bytes = black_box(vec![1_u8; 32]);
    let pointer = bytes.as_ptr();
    match mistake {
        // SAFETY: none; the sanitizer ends this process before the byte is used.
        "read behind the end" => assert_ne!(unsafe { black_box(pointer).add(32).read_volatile() }, 255),
        "read what was freed" => {
            drop(bytes);
            // SAFETY: none, as above.
            assert_ne!(unsafe { black_box(pointer).read_volatile() }, 255);
        }
        "free twice in C" => {
            // SAFETY: none for the second call; the sanitizer ends this process in it.
            unsafe {
                let memory = black_box(libc::malloc(32));
                libc::free(memory);
                libc::free(black_box(memory));
            }
        }
        _ => {}
    }
}
