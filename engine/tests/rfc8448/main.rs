//! Replays the handshakes of RFC 8448 through the engine's key schedule and record layer, with every provider.
//!
//! Private keys, messages that the schedule does not determine, and payloads are taken from the trace. All else is
//! computed: public keys, shared secrets, transcript hashes, secrets, keys, IVs, Finished messages and whole records, and
//! each step must come to exactly the values that the trace has for it. Records are also opened again.
//! The engine's server takes the first flight of the resumed handshake as well.
//! The signatures of CertificateVerify are only carried along: their keys of 1,024 bits are below what providers accept.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[path = "../support/mod.rs"]
mod support;

mod peer;
mod psk;
mod replay;
mod server;
mod trace;

use replay::Replay;
use tls_engine::crypto::Provider;

#[test]
fn section_3_simple_handshake() {
    replay_with_every_provider(include_str!("section3.txt"), 55, 109);
}

/// With the PSK of the ticket that section 3 ends with.
#[test]
fn section_4_resumed_handshake_with_early_data() {
    let text = include_str!("section4.txt");
    check_size(text, 60, 125);
    for provider in Provider::all() {
        for zero_copy in [true, false] {
            let first = trace::parse(include_str!("section3.txt"));
            let psk = Replay::new(provider, zero_copy, None).run(&first).expect("a ticket");
            Replay::new(provider, zero_copy, Some(psk)).run(&trace::parse(text));
        }
    }
}

#[test]
fn section_5_hello_retry_request() {
    replay_with_every_provider(include_str!("section5.txt"), 54, 106);
}

#[test]
fn section_6_client_authentication() {
    replay_with_every_provider(include_str!("section6.txt"), 52, 101);
}

#[test]
fn section_7_compatibility_mode() {
    replay_with_every_provider(include_str!("section7.txt"), 51, 102);
}

#[test]
fn every_changed_byte_is_noticed() {
    let provider = Provider::all()[0];
    let psk = Replay::new(provider, true, None).run(&trace::parse(include_str!("section3.txt")));
    expect_all_noticed(include_str!("section3.txt"), || Replay::new(provider, true, None));
    expect_all_noticed(include_str!("section4.txt"), || Replay::new(provider, true, psk.clone()));
}

fn expect_all_noticed(text: &str, replay: impl Fn() -> Replay) {
    replay().run(&trace::parse(text));
    for (number, step) in trace::parse(text).iter().enumerate() {
        for name in step.values.keys() {
            let mut steps = trace::parse(text);
            match steps[number].values.get_mut(name).and_then(|value| value.last_mut()) {
                Some(last) => *last ^= 1,
                None => continue,
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| replay().run(&steps)));
            assert!(outcome.is_err(), "step {number}, {name}: a wrong value passed");
        }
    }
}

fn replay_with_every_provider(text: &str, steps_expected: usize, values_expected: usize) {
    check_size(text, steps_expected, values_expected);
    let names: Vec<&str> = Provider::all().iter().map(|provider| provider.name).collect();
    assert_eq!(names.contains(&"aws-lc-rs"), cfg!(feature = "aws-lc-rs"));
    assert_eq!(names.contains(&"rustcrypto"), cfg!(feature = "rustcrypto"));
    for provider in Provider::all() {
        for zero_copy in [true, false] {
            Replay::new(provider, zero_copy, None).run(&trace::parse(text));
        }
    }
}

fn check_size(text: &str, steps_expected: usize, values_expected: usize) {
    let steps = trace::parse(text);
    let values: usize = steps.iter().map(|step| step.values.len()).sum();
    assert_eq!((steps.len(), values), (steps_expected, values_expected), "the file is as long as the RFC's trace");
}
