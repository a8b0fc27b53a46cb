//! Certificates and names.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::certificates::run(bytes);
});
