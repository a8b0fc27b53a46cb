//! Replays the handshakes of RFC 8448 through the engine's key schedule and record layer, with every provider.
//!
//! Private keys, messages that the schedule does not determine, and payloads are taken from the trace. All else is
//! computed: public keys, shared secrets, transcript hashes, secrets, keys, IVs, Finished messages and whole records, and
//! each step must come to exactly the values that the trace has for it. Records are also opened again.
//! The signatures of CertificateVerify are only carried along: their keys of 1,024 bits are below what providers accept.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod replay;
mod trace;

use replay::Replay;
use tls_engine::codes::CipherSuite;
use tls_engine::crypto::Provider;
use tls_engine::internal::keys::{EarlySecret, PskOrigin};
use tls_engine::mem::{Digest, Secret};

#[test]
fn section_3_simple_handshake() {
    replay_with_every_provider(include_str!("section3.txt"), 55, 109);
}

/// Of the resumed handshake, what PSKs add to the schedule: the early secret, and the binder over the hash of the ClientHello up to
/// it.
#[test]
fn section_4_binder() {
    let psk = unhex("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    let hello = unhex("63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14");
    for provider in Provider::all() {
        let suite = provider.suite(CipherSuite::AES_128_GCM_SHA256).expect("a suite that all have");
        let early = EarlySecret::new(suite.hash, Some(&Secret::copy_of(&psk)));
        let secret = unhex("9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c");
        assert_eq!(early.secret().as_bytes(), secret, "{}", provider.name);
        let binder = unhex("3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
        assert!(early.binder(PskOrigin::Ticket, &Digest::copy_of(&hello)).equals(&binder), "{}", provider.name);
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
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
    let text = include_str!("section3.txt");
    let provider = Provider::all()[0];
    for (number, step) in trace::parse(text).iter().enumerate() {
        for name in step.values.keys() {
            let mut steps = trace::parse(text);
            match steps[number].values.get_mut(name).and_then(|value| value.last_mut()) {
                Some(last) => *last ^= 1,
                None => continue,
            }
            let outcome = catch_unwind(AssertUnwindSafe(|| Replay::new(provider, true).run(&steps)));
            assert!(outcome.is_err(), "step {number}, {name}: a wrong value passed");
        }
    }
}

fn replay_with_every_provider(text: &str, steps_expected: usize, values_expected: usize) {
    let steps = trace::parse(text);
    let values: usize = steps.iter().map(|step| step.values.len()).sum();
    assert_eq!((steps.len(), values), (steps_expected, values_expected), "the file is as long as the RFC's trace");
    let names: Vec<&str> = Provider::all().iter().map(|provider| provider.name).collect();
    assert_eq!(names.contains(&"aws-lc-rs"), cfg!(feature = "aws-lc-rs"));
    assert_eq!(names.contains(&"rustcrypto"), cfg!(feature = "rustcrypto"));
    for provider in Provider::all() {
        for zero_copy in [true, false] {
            Replay::new(provider, zero_copy).run(&steps);
        }
    }
}
