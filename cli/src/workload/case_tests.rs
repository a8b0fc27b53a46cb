//! Short runs of whole cases: every transport and direction, over real sockets where the transport has them.

use std::sync::Arc;
use std::time::Duration;

use tls_engine::codes::{CipherSuite, ProtocolVersion};
use tls_engine::crypto::Provider;
use tls_engine::io::SocketOptions;

use super::{AnyLibrary, Direction, Lane, Limit, RoundSchedule, Transport, Turn, Verify, Work, run, sum_of_all};
use crate::library::engine;
use crate::schema::Side;

fn work(suite: CipherSuite, transport: fn(Arc<dyn AnyLibrary>) -> Transport, direction: Direction) -> Work {
    let provider = Provider::auto();
    let configs = Arc::new(engine(suite, Some(100), true));
    Work {
        version: ProtocolVersion::TLS13,
        suite: *provider.suite(suite).expect("the suite"),
        write_bytes: 20_000,
        buffer_bytes: 1 << 17,
        direction,
        transport: transport(configs),
        sockets: SocketOptions { timeout: Some(Duration::from_secs(10)), ..SocketOptions::default() },
        conversations: 2,
        verify: Verify::All,
        seed: 9,
    }
}

const TRANSPORTS: [fn(Arc<dyn AnyLibrary>) -> Transport; 3] =
    [Transport::Memory, Transport::LoopbackOneThread, Transport::LoopbackThreadPerEnd];

#[test]
fn every_transport_carries_every_byte_both_ways() {
    for transport in TRANSPORTS {
        for direction in [Direction::Send, Direction::Receive] {
            let work = work(CipherSuite::AES_128_GCM_SHA256, transport, direction);
            let schedule = RoundSchedule {
                lanes: work.lanes().to_vec(),
                limit: Limit::Writes(1001),
                warmup: Duration::ZERO,
                block: work.block(),
                cycle_writes: work.layout().cycle_writes(),
                seed: 1,
            };
            let mut turns = [Turn::new(work.start(), &schedule)];
            assert!(turns[0].agreed.iter().all(|agreed| agreed.suite == CipherSuite::AES_128_GCM_SHA256));
            let rounds = run(&mut turns, &mut |_| ()).expect("a run").remove(0);
            turns[0].workers.as_mut().expect("workers").finish().expect("an end");
            for side in [Side::Send, Side::Receive] {
                let part = sum_of_all(&rounds, side).expect("a side");
                assert_eq!(part.bytes, 1001 * 20_000);
                assert_eq!(part.copied_bytes, 0);
                assert!(part.key_updates >= 18, "{} of 2,002 records", part.key_updates);
                assert_eq!(part.syscalls == 0, matches!(work.transport, Transport::Memory(_)));
                assert!(part.cpu_ns > 0 && part.engine_ns > 0 && part.engine_ns <= part.elapsed_ns);
            }
            assert_eq!(sum_of_all(&rounds, Side::Receive).expect("a side").compared_bytes, 1001 * 20_000);
            let has_tcp = rounds.lanes.iter().any(|(lane, _)| *lane == Lane::RawTcp);
            assert_eq!(has_tcp, !matches!(work.transport, Transport::Memory(_)));
        }
    }
}

#[test]
fn every_suite_runs_with_its_references() {
    let provider = Provider::auto();
    for suite in &provider.suites {
        let work = work(suite.code, Transport::Memory, Direction::Send);
        let mut workers = work.start().expect("workers");
        workers.prepare().expect("a handshake");
        for lane in work.lanes() {
            let samples = workers.run(*lane, |_| 13).expect("a block");
            assert!(samples.iter().all(|sample| sample.bytes() == 13 * 20_000), "{} {lane:?}", suite.code);
        }
        workers.finish().expect("an end");
    }
}
