//! An open loop against a server that stalls: what connections had to wait for is told, though few of them were begun meanwhile.

use std::thread;
use std::time::{Duration, Instant};

use super::support::scripted::serve_in_turn;
use super::{case, count, handshake, median};

#[test]
fn the_corrected_p99_shows_a_stall_and_the_uncorrected_one_does_not() {
    let began = Instant::now();
    let has_stalled = std::cell::Cell::new(false);
    let target = serve_in_turn(move |stream| {
        if began.elapsed() > Duration::from_millis(2500) && !has_stalled.replace(true) {
            thread::sleep(Duration::from_secs(1));
        }
        let _ = stream.receive();
    });
    let flags = ["--rate", "250", "--connections", "2", "--duration", "7s", "--warmup", "500ms"];
    let ended = handshake(&target, &flags);
    ended.expect(0, &[]);
    let case = case(&ended);
    assert!(count(&case, "handshakes") >= 1000, "enough for a 99th percentile: {case}");
    let [seen, corrected] =
        ["connection_p99_ns", "corrected_connection_p99_ns"].map(|name| median(&case, &format!("client.{name}")));
    assert!(seen < 0.5e9, "two of the connections were there for the stall: {seen}");
    assert!(corrected >= 0.5e9, "hundreds had to wait for it: {corrected}");
}
