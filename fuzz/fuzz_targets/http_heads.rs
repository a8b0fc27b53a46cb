//! Heads of requests and answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::http_heads::run(bytes);
});
