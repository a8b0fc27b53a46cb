//! Two real ends in one thread, over links that work and links that fail.

use std::sync::Arc;
use std::time::Duration;

use tls_engine::codes::CipherSuite;

use super::ends::{OpeningEnd, SealingEnd, buffer_bytes};
use super::link::{Link, Memory, Role};
use super::pair::{Pair, handshake};
use super::{Verifier, Verify};
use crate::error::Error;
use crate::library::{Endpoint, Engine, EngineEndpoint, Library, Room, engine};
use crate::measure::{Layout, Pattern, Stopwatch};

const AES_128: CipherSuite = CipherSuite::AES_128_GCM_SHA256;

/// Memory that flips one bit of the records once armed.
struct Flipping {
    is_armed: bool,
}

impl Link for Flipping {
    fn push(&mut self, _: Role, _: &mut impl Endpoint, _: &mut Stopwatch) -> Result<(), Error> {
        Ok(())
    }

    fn carry(&mut self, from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(), Error> {
        let mut bytes = from.outgoing().to_vec();
        if self.is_armed && bytes.len() > 100 {
            bytes[100] ^= 1;
        }
        let space = to.space();
        let count = space.len().min(bytes.len());
        space[..count].copy_from_slice(&bytes[..count]);
        to.filled(count);
        from.sent(count);
        Ok(())
    }

    fn pull(&mut self, _: Role, _: &mut impl Endpoint, _: &mut Stopwatch) -> Result<bool, Error> {
        Ok(true)
    }

    fn syscalls(&self, _: Role) -> u64 {
        0
    }
}

/// A pair that sends the pattern of one seed, and expects the pattern of another.
fn pair<L: Link>(
    engine: &Engine,
    size: usize,
    mut link: L,
    seeds: (u64, u64),
) -> Pair<L, EngineEndpoint, EngineEndpoint> {
    let layout = Layout::new(size, 1 << 17);
    let room = buffer_bytes(&layout);
    let mut client = engine.client(Room { output_bytes: room, ..Room::default() }).expect("a client");
    let mut server = engine.server(Room { input_bytes: room, ..Room::default() }).expect("a server");
    handshake(&mut link, &mut client, &mut server).expect("a handshake");
    let pattern = |seed| Arc::new(Pattern::new(seed, layout.batch_bytes()));
    let verifier = Verifier::new(pattern(seeds.1), Verify::All, 0);
    Pair::new(SealingEnd::new(client, layout, pattern(seeds.0)), OpeningEnd::new(server, layout, verifier), link)
}

#[test]
fn every_byte_of_every_size_arrives() {
    for size in [1, 64, 1350, 16_384, 16_385, 100_000, 1 << 20] {
        let mut pair = pair(&engine(AES_128, None, true), size, Memory, (1, 1));
        for writes in [1, 3, 40] {
            let sample = pair.run(writes).expect("a block");
            let (send, receive) = (sample.send.expect("a side"), sample.receive.expect("a side"));
            assert_eq!((send.bytes, receive.bytes), (writes * size as u64, writes * size as u64));
            assert_eq!(receive.compared_bytes, receive.bytes);
            assert_eq!(send.records, writes * size.div_ceil(16_384) as u64);
            assert_eq!(receive.copied_bytes, 0);
            // A provider may copy a short record if that is faster, but never a full one.
            assert!(send.copied_bytes <= writes * (size as u64 % 16_384), "{size}");
        }
        pair.close().expect("an end");
    }
}

/// Memory that never lets a sender proceed.
struct Waiting;

impl Link for Waiting {
    fn push(&mut self, role: Role, from: &mut impl Endpoint, watch: &mut Stopwatch) -> Result<(), Error> {
        if role == Role::Sealing && !from.outgoing().is_empty() {
            watch.start();
            std::thread::sleep(Duration::from_millis(20));
            watch.stop();
        }
        Ok(())
    }

    fn carry(&mut self, from: &mut impl Endpoint, to: &mut impl Endpoint) -> Result<(), Error> {
        Memory.carry(from, to)
    }

    fn pull(&mut self, _: Role, _: &mut impl Endpoint, _: &mut Stopwatch) -> Result<bool, Error> {
        Ok(true)
    }

    fn syscalls(&self, _: Role) -> u64 {
        0
    }
}

#[test]
fn processor_time_of_a_side_is_without_the_time_in_which_the_thread_did_not_run() {
    let mut pair = pair(&engine(AES_128, None, true), 16_384, Waiting, (1, 1));
    let sample = pair.run(28).expect("a block");
    let (send, receive) = (sample.send.expect("a side"), sample.receive.expect("a side"));
    assert!(send.elapsed_ns >= 80_000_000, "four batches wait: {send:?}");
    assert!(send.engine_ns <= send.cpu_ns && send.cpu_ns < 60_000_000, "{send:?}");
    assert_eq!(receive.cpu_ns, receive.engine_ns, "memory takes no time");
    assert_eq!(sample.total_ns, Some(send.elapsed_ns + receive.elapsed_ns), "neither runs beside the other");
}

#[test]
fn without_zero_copy_each_byte_is_copied_once_on_each_side() {
    let mut pair = pair(&engine(AES_128, None, false), 16_384, Memory, (1, 1));
    let sample = pair.run(30).expect("a block");
    assert_eq!(sample.send.expect("a side").copied_bytes, 30 * 16_384);
    assert_eq!(sample.receive.expect("a side").copied_bytes, 30 * 16_384);
}

#[test]
fn key_updates_on_the_way_lose_nothing() {
    let mut pair = pair(&engine(AES_128, Some(5), true), 1350, Memory, (1, 1));
    let sample = pair.run(1000).expect("a block");
    let (send, receive) = (sample.send.expect("a side"), sample.receive.expect("a side"));
    assert_eq!(receive.bytes, 1_350_000);
    assert!(send.key_updates >= 199, "{}", send.key_updates);
    assert_eq!(send.key_updates, receive.key_updates);
    pair.close().expect("an end");
}

#[test]
fn a_flipped_bit_on_the_way_is_a_bad_record_mac() {
    let mut pair = pair(&engine(AES_128, None, true), 16_384, Flipping { is_armed: false }, (1, 1));
    pair.run(10).expect("a block");
    pair.link.is_armed = true;
    let error = pair.run(10).expect_err("a failure");
    assert!(matches!(error, Error::Engine(tls_engine::Error::BadRecordMac)), "{error:?}");
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn other_bytes_than_were_sent_are_an_error() {
    let mut pair = pair(&engine(AES_128, None, true), 16_384, Memory, (1, 2));
    let error = pair.run(1).expect_err("a failure");
    assert!(error.to_string().starts_with("byte 0 of the stream is "), "{error}");
    assert_eq!(error.exit_code(), 1);
}
