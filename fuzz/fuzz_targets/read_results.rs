//! Any bytes as a file of results: refused, or a document that can be written, read again and shown.
#![no_main]

mod json_edits;
mod text_edits;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tlsbench::loader;
use tlsbench::render::{self, Report, View};
use tlsbench::series::Source;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = loader::read(bytes) else { return };
    let written = serde_json::to_vec(&document).expect("what was read can be written");
    assert_eq!(loader::read(&written).as_ref(), Ok(&document));
    for case in &document.cases {
        for metric in case.metrics.values() {
            assert!(metric.samples.iter().chain([&metric.median, &metric.mad]).all(|number| number.is_finite()));
        }
    }
    for text in [document.table(&View::columns(80)), document.csv(), document.markdown()] {
        assert!(!text.contains('\u{1b}'));
    }
    render::page(&[Source { name: "read.json".to_owned(), document }], |_| Vec::new());
});

fuzz_mutator!(|bytes: &mut [u8], length: usize, length_max: usize, seed: u32| {
    let edit = |bytes: &[u8]| if seed.is_multiple_of(4) { None } else { json_edits::edited(bytes, seed) };
    text_edits::put(edit(&bytes[..length]), bytes, length_max)
        .unwrap_or_else(|| fuzzer_mutate(bytes, length, length_max))
});
