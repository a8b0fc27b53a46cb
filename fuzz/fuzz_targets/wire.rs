//! Both ends, and somebody on the wire between them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::wire::run(bytes);
});
