//! A client against a server that follows a program.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::conversation::with_client(bytes);
});
