//! Where a loop can't see what the engine returns: the sealing thread sleeps in its own poll while the other thread reads that
//! the peer waits for an answer. Without a signal it sleeps on.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tls_engine::conn::{OpeningHalf, Progress, SealingHalf};
use tls_engine::io::SignalFd;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::signal::{NullSignal, Signal};

use crate::support::endpoint::DEADLINE;
use crate::support::peer::{Peer, pump};
use crate::support::pki::KeyKind;
use crate::support::{client, localhost, providers, server};
use crate::threads::sleep;

/// After so long without progress a thread is asleep for good.
const STALL: Duration = Duration::from_millis(300);

/// Whether the sealing thread woke up and answered the peer's request. `fd` is the signal's, where it has one.
fn is_answered<S: Signal + Send + 'static>(signal: S, fd: Option<&SignalFd>) -> bool {
    let provider = providers()[0];
    let client = client(provider, KeyKind::EcdsaP256, |config| config);
    let server = server(provider, KeyKind::EcdsaP256, |config| config);
    let mut peer = Peer::client(&client, localhost()).expect("a client");
    let mut split = Peer::server(&server);
    pump(&mut peer, &mut split).expect("a handshake");
    let (mut sealing, opening) = split.connection.split(signal).expect("a connection that is ready");
    peer.update_keys(true).expect("a KeyUpdate");
    // What the loop would have to do besides, which never comes.
    let work = SignalFd::event_fd().expect("an eventfd");
    thread::scope(|scope| {
        let sealing = scope.spawn(|| serve(&mut sealing, &work, fd));
        let request = peer.drain();
        let opening = scope.spawn(move || read(opening, split.input, &request));
        opening.join().expect("the opening thread");
        let answer = sealing.join().expect("the sealing thread");
        peer.feed(&answer).expect("an answer");
        peer.connection.opened().key_updates == 1
    })
}

/// A loop that knows only file descriptors. What it has sent when it falls asleep for good.
fn serve(half: &mut SealingHalf, work: &SignalFd, signal: Option<&SignalFd>) -> Vec<u8> {
    let mut output = OutBuf::with_capacity(0);
    let fds: Vec<_> = [Some(work), signal].into_iter().flatten().map(AsFd::as_fd).collect();
    // With a signal it comes for sure, however busy the machine is.
    let patience = if signal.is_some() { DEADLINE } else { STALL };
    while output.is_empty() && sleep(&fds, patience) {
        signal.expect("work never comes").clear();
        half.answer(&mut output).expect("no error");
    }
    output.waiting().to_vec()
}

fn read<S: Signal>(mut half: OpeningHalf<S>, mut input: InBuf, bytes: &[u8]) {
    assert_eq!(input.put(bytes), bytes.len());
    assert_eq!(half.read_tls(&mut input), Ok(Progress::Advanced));
    assert_eq!(half.read_tls(&mut input), Ok(Progress::NeedInput));
}

#[test]
fn without_a_signal_the_sealing_thread_sleeps_on_what_it_owes() {
    assert!(!is_answered(NullSignal, None));
}

#[test]
fn a_signal_wakes_it() {
    for signal in [SignalFd::event_fd(), SignalFd::pipe()] {
        let signal = Arc::new(signal.expect("a signal"));
        assert!(is_answered(Arc::clone(&signal), Some(&signal)));
        assert_eq!(signal.syscalls().0, 1, "{}", signal.name());
    }
}
