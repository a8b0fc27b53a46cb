//! Handshake messages by themselves.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    tlsbench_fuzz::handshake_messages::run(bytes);
});
