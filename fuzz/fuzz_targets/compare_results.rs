//! Any bytes as a file of results that is compared with one that is in order: refused, or compared, both ways.
#![no_main]

mod json_edits;
mod text_edits;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tlsbench::comparison::{Named, Rules, compare};
use tlsbench::loader;
use tlsbench::render::{Report, View};

const KEPT: &[u8] = include_bytes!("../seeds/read_results/throughput.json");

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = loader::read(bytes) else { return };
    let kept = loader::read(KEPT).expect("the one that is in order");
    let (read, kept) = (Named { name: "read", document: &document }, Named { name: "kept", document: &kept });
    let mut rules = Rules {
        confidence: 0.95,
        noise_threshold: 0.01,
        allow_foreign: true,
        interleaved: false,
        limits: None,
        seed: 1,
    };
    for (before, after) in [(kept, read), (read, kept), (read, read)] {
        rules.interleaved = !rules.interleaved;
        let Ok(comparison) = compare(before, after, &rules) else { continue };
        for text in [comparison.table(&View::columns(80)), comparison.markdown(), comparison.csv()] {
            assert!(!text.contains("NaN"), "{text}");
        }
        assert!(comparison.json().is_ok());
    }
});

fuzz_mutator!(|bytes: &mut [u8], length: usize, length_max: usize, seed: u32| {
    let edit = |bytes: &[u8]| if seed.is_multiple_of(4) { None } else { json_edits::edited(bytes, seed) };
    text_edits::put(edit(&bytes[..length]), bytes, length_max)
        .unwrap_or_else(|| fuzzer_mutate(bytes, length, length_max))
});
