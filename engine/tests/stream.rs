//! Nothing that goes through a [`Stream`] is lost, or sent twice, whatever its transport does.

mod support;

use std::io::{BufRead, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use support::endpoint::{DEADLINE, Endpoint};
use support::pki::KeyKind;
use support::{assert_same_bytes, client, localhost, pattern, providers, server};
use tls_engine::Error;
use tls_engine::codes::AlertDescription;
use tls_engine::conn::Connection;
use tls_engine::io::{Socket, SocketOptions, Stream, StreamError};
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::switches::Switches;

const KIND: KeyKind = KeyKind::EcdsaP256;

/// A client whose calls may take so long, and what is done with its peer in another thread.
fn with_peer(
    switches: Switches,
    options: &SocketOptions,
    peer: impl FnOnce(Endpoint) + Send,
    test: impl FnOnce(Stream<Socket>),
) {
    let provider = providers()[0];
    let config = server(provider, KIND, |config| config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::scope(|scope| {
        scope.spawn(|| peer(Endpoint::accept(&listener, &config).expect("a handshake")));
        let config = client(provider, KIND, |config| config.switches(switches));
        let mut output = OutBuf::with_capacity(1 << 16);
        let connection = Connection::client(&config, localhost(), &mut output).expect("a client");
        let socket = Socket::connect(address, &SocketOptions { timeout: Some(DEADLINE), ..*options }).expect("a peer");
        let mut stream = Stream::new(connection, socket, InBuf::with_capacity(1 << 16), output);
        stream.handshake().expect("a handshake");
        stream.transport().tcp().set_write_timeout(options.timeout).expect("a timeout");
        stream.transport().tcp().set_read_timeout(options.timeout).expect("a timeout");
        test(stream);
    });
}

fn small(timeout: Duration) -> SocketOptions {
    let (send_buffer_bytes, receive_buffer_bytes) = (Some(8 << 10), Some(8 << 10));
    SocketOptions { send_buffer_bytes, receive_buffer_bytes, timeout: Some(timeout), no_delay: true }
}

/// Calls until it does not run out of time; tells how often it did.
fn again<T>(mut call: impl FnMut() -> std::io::Result<T>) -> (T, usize) {
    let (started, mut failures) = (Instant::now(), 0);
    loop {
        match call() {
            Ok(value) => return (value, failures),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::TimedOut), "{error}");
                assert!(started.elapsed() < DEADLINE, "it never ends");
                failures += 1;
            }
        }
    }
}

#[test]
fn a_write_that_ran_out_of_time_is_sent_once_when_it_is_tried_again() {
    let data = pattern(4 << 20, 5);
    let expected = data.clone();
    let slow = move |mut peer: Endpoint| {
        std::thread::sleep(Duration::from_millis(400));
        let received = peer.receive(expected.len()).expect("all of it");
        assert_same_bytes(&received, &expected, "what has come");
        peer.run_until(|side| side.closed).expect("close_notify");
        assert!(peer.peer.received.is_empty(), "{} bytes too many", peer.peer.received.len());
    };
    with_peer(Switches::all(), &small(Duration::from_millis(20)), slow, |mut stream| {
        let (mut sent, mut failures) = (0, 0);
        while sent < data.len() {
            // Odd sizes, so that what is taken is seldom all.
            let piece = &data[sent..data.len().min(sent + 70_001)];
            let (taken, failed) = again(|| stream.write(piece));
            assert!((1..=piece.len()).contains(&taken));
            sent += taken;
            failures += failed;
        }
        failures += again(|| stream.flush()).1;
        again(|| stream.close().map_err(Into::into));
        assert!(failures > 0, "it has never run out of time: this shows nothing");
    });
}

#[test]
fn key_updates_that_run_out_of_time_are_sent_once() {
    let peer = |mut peer: Endpoint| {
        std::thread::sleep(Duration::from_millis(300));
        peer.run_until(|side| side.closed).expect("close_notify");
        assert_eq!(peer.peer.connection.opened().key_updates, 1);
    };
    with_peer(Switches::all(), &small(Duration::from_millis(20)), peer, |mut stream| {
        // Until the transport takes no more.
        while stream.write(&[b'x'; 4_000]).is_ok() {}
        again(|| stream.update_keys(false).map_err(Into::into));
        again(|| stream.close().map_err(Into::into));
    });
}

#[test]
fn what_was_opened_and_not_read_is_among_the_parts() {
    let data = pattern(5_000, 6);
    for zero_copy in [true, false] {
        let switches = Switches { zero_copy, ..Switches::all() };
        let sent = data.clone();
        let peer = move |mut peer: Endpoint| {
            peer.send(&sent[..3_000]).expect("a client that reads");
            peer.send(&sent[3_000..]).expect("a client that reads");
            peer.close().expect("its close_notify");
        };
        with_peer(
            switches,
            &SocketOptions { timeout: Some(DEADLINE), ..SocketOptions::default() },
            peer,
            |mut stream| {
                let mut front = vec![0; 1_000];
                stream.read_exact(&mut front).expect("the front");
                let parts = stream.into_parts();
                assert_same_bytes(&[front, parts.unread.clone()].concat(), &data[..3_000], "the first record");
                let mut rest = Stream::new(parts.connection, parts.transport, parts.input, parts.output);
                let mut second = Vec::new();
                rest.close().expect("a peer that is there");
                rest.read_to_end(&mut second).expect("the rest, then close_notify");
                assert_same_bytes(&second, &data[3_000..], "the second record");
            },
        );
    }
}

/// The peer says why, and is gone before all was read that it was sent: what the client meets first is the reset.
#[test]
fn a_write_to_a_peer_that_is_gone_tells_the_alert_that_it_left() {
    let answer = b"before the alert";
    for answers in [false, true] {
        let peer = |mut peer: Endpoint| {
            // Its handshake is done too: what comes is no part of that.
            peer.send(b"ready").expect("a client that reads");
            if answers {
                peer.send(answer).expect("a client that reads");
            }
            let refused = peer.run_until(|_| false);
            assert!(refused.is_err(), "a damaged record");
        };
        with_peer(Switches::all(), &SocketOptions::default(), peer, |mut stream| {
            stream.read_exact(&mut [0; 5]).expect("the word that it is ready");
            let mut socket = stream.transport().tcp().try_clone().expect("a second handle");
            // What is behind it is never read, and so resets the connection.
            let damaged: Vec<u8> = [23, 3, 3, 0, 20].into_iter().chain([0; 200_000]).collect();
            let _ = socket.write_all(&damaged);
            std::thread::sleep(Duration::from_millis(200));
            let mut error = None;
            for _ in 0..3 {
                error = error.or(stream.send(b"more").err());
            }
            if answers {
                // It waits before the alert, and is not lost by looking for that.
                assert!(matches!(error, Some(StreamError::Transport(_))), "{error:?}");
                let mut read = vec![0; answer.len()];
                stream.read_exact(&mut read).expect("the answer");
                assert_eq!(read, answer);
                error = stream.receive().err();
            }
            match error {
                Some(StreamError::Tls(error)) => assert_eq!(error, Error::PeerAlert(AlertDescription::BAD_RECORD_MAC)),
                other => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn what_is_echoed_was_copied_nowhere_and_what_was_not_read_comes_first() {
    let sent = pattern(100_000, 3);
    let provider = providers()[0];
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let config = server(provider, KIND, |config| config);
            let mut stream = Stream::server(&config, listener.accept().expect("a client").0);
            let first = stream.receive().expect("data");
            assert_eq!(first[..10], sent[..10]);
            stream.consume(10);
            while stream.receive_with(|data, reply| reply.send_all(data)).expect("data") {}
            stream.close().expect("close_notify");
            let (opened, sealed) = (stream.connection().opened(), stream.connection().sealed());
            assert_eq!((opened.bytes, opened.copied_bytes), (100_000, 0));
            assert_eq!((sealed.bytes, sealed.copied_bytes), (100_000 - 10, 0));
        });
        let config = client(provider, KIND, |config| config);
        let socket = TcpStream::connect(address).expect("a server");
        let mut stream = Stream::client(&config, localhost(), socket).expect("a client");
        stream.send(&sent).expect("a server that reads");
        stream.close().expect("close_notify");
        let mut received = Vec::new();
        stream.read_to_end(&mut received).expect("an echo");
        assert_same_bytes(&received, &sent[10..], "the echo");
    });
}

#[test]
fn an_error_of_the_one_who_takes_data_is_returned_and_ends_nothing() {
    with_peer(
        Switches::default(),
        &small(DEADLINE),
        |mut peer| drop(peer.send(b"data")),
        |mut stream| {
            let refused = stream.receive_with(|_, _| Err(Error::Usage("not today")));
            assert!(matches!(refused, Err(StreamError::Tls(Error::Usage("not today")))), "{refused:?}");
            assert!(stream.connection().is_ready());
        },
    );
}
