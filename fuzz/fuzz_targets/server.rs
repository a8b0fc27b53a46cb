//! A server against a client that follows a program.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::conversation::with_server(bytes);
});
