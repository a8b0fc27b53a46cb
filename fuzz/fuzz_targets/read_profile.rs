//! Any text as a profile: refused with its line, or one whose every case can be measured.
#![no_main]

mod line_edits;
mod text_edits;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tlsbench::error::Error;
use tlsbench::profile::Profile;

fuzz_target!(|text: &str| {
    match Profile::read("fuzz.toml", text) {
        Ok(profile) => {
            assert!(!profile.entries.is_empty());
            for entry in &profile.entries {
                assert!(entry.request.args().is_ok());
            }
        }
        Err(Error::Profile { line, message, .. }) => {
            assert!((1..=text.lines().count() + 1).contains(&line), "line {line}");
            assert!(!message.is_empty());
        }
        Err(other) => panic!("an error without its line: {other}"),
    }
});

fuzz_mutator!(|bytes: &mut [u8], length: usize, length_max: usize, seed: u32| {
    let edit = |bytes: &[u8]| if seed.is_multiple_of(4) { None } else { line_edits::edited(bytes, seed) };
    text_edits::put(edit(&bytes[..length]), bytes, length_max)
        .unwrap_or_else(|| fuzzer_mutate(bytes, length, length_max))
});
