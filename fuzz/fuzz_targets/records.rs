//! Records and their cuts.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::records::run(bytes);
});
