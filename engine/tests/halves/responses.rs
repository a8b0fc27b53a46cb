//! What one half owes for the other, in memory: nothing here depends on who runs first.

use std::cell::Cell;
use std::rc::Rc;

use tls_engine::Error;
use tls_engine::codes::AlertDescription;
use tls_engine::conn::{Connection, OpeningHalf, Progress, SealingHalf};
use tls_engine::counters::Monitor;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::signal::Signal;
use tls_engine::switches::Switches;

use crate::support::peer::{Peer, pump};
use crate::support::pki::KeyKind;
use crate::support::{client, localhost, providers, server};

/// Counts how often it was raised.
#[derive(Clone, Default)]
struct Bell(Rc<Cell<u32>>);

impl Signal for Bell {
    fn raise(&self) {
        self.0.set(self.0.get() + 1);
    }

    fn clear(&self) {}
}

/// A server in halves, and its peer.
struct Endpoints {
    peer: Peer,
    sealing: SealingHalf,
    opening: OpeningHalf<Bell>,
    bell: Bell,
    input: InBuf,
    output: OutBuf,
    monitor: Monitor,
}

impl Endpoints {
    fn new() -> Self {
        let provider = providers()[0];
        let monitor = Monitor::default();
        let switches = Switches { counters: true, ..Switches::all() };
        let client = client(provider, KeyKind::EcdsaP256, |config| config);
        let server = server(provider, KeyKind::EcdsaP256, |config| config.switches(switches).monitor(&monitor));
        let mut peer = Peer::client(&client, localhost()).expect("a client");
        let mut server = Peer::server(&server);
        pump(&mut peer, &mut server).expect("a handshake");
        let bell = Bell::default();
        let (sealing, opening) = server.connection.split(bell.clone()).expect("a connection that is ready");
        Self { peer, sealing, opening, bell, input: server.input, output: server.output, monitor }
    }

    /// What the opening half says to all that the peer has to send.
    fn take(&mut self) -> Result<Vec<u8>, Error> {
        let bytes = self.peer.drain();
        self.take_bytes(&bytes)
    }

    fn take_bytes(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        assert_eq!(self.input.put(bytes), bytes.len());
        let mut data = Vec::new();
        loop {
            match self.opening.read_tls(&mut self.input)? {
                Progress::Data(bytes) => data.extend_from_slice(bytes),
                Progress::Advanced => {}
                Progress::NeedInput | Progress::Paused | Progress::Closed => return Ok(data),
            }
        }
    }

    /// Brings the peer what the sealing half has to send.
    fn bring(&mut self) -> Result<(), Error> {
        let bytes = self.output.waiting().to_vec();
        self.output.sent(bytes.len());
        self.peer.feed(&bytes)
    }

    fn rings(&self) -> u32 {
        self.bell.0.get()
    }
}

#[test]
fn a_key_update_that_is_asked_for_is_answered_before_the_next_data() {
    let mut ends = Endpoints::new();
    ends.peer.update_keys(true).expect("a KeyUpdate");
    assert_eq!(ends.take(), Ok(Vec::new()));
    assert_eq!(ends.rings(), 1);
    assert_eq!(ends.sealing.sealed().key_updates, 0, "not before the sealing half comes to it");
    assert_eq!(ends.sealing.write_tls(&[b"data"], &mut ends.output), Ok(4));
    assert_eq!(ends.bring(), Ok(()));
    assert_eq!((ends.peer.connection.opened().key_updates, &*ends.peer.received), (1, &b"data"[..]));
    // Once.
    assert_eq!(ends.sealing.answer(&mut ends.output), Ok(()));
    assert!(ends.output.is_empty());
    // One that asks for nothing is no duty.
    ends.peer.update_keys(false).expect("a KeyUpdate");
    assert_eq!(ends.take(), Ok(Vec::new()));
    assert_eq!((ends.rings(), ends.opening.opened().key_updates), (1, 2));
    assert_eq!(ends.sealing.answer(&mut ends.output), Ok(()));
    assert!(ends.output.is_empty());
}

/// RFC 8446 4.6.3: who receives several while it is silent responds with a single one.
#[test]
fn several_requests_have_one_answer_and_one_signal() {
    let mut ends = Endpoints::new();
    for _ in 0..5 {
        ends.peer.update_keys(true).expect("a KeyUpdate");
    }
    assert_eq!(ends.take(), Ok(Vec::new()));
    assert_eq!(ends.rings(), 1);
    assert_eq!(ends.sealing.answer(&mut ends.output), Ok(()));
    assert_eq!((ends.bring(), ends.peer.connection.opened().key_updates), (Ok(()), 1));
    ends.peer.update_keys(true).expect("a KeyUpdate");
    assert_eq!(ends.take(), Ok(Vec::new()));
    assert_eq!(ends.rings(), 2, "the next is a duty of its own");
    assert_eq!(ends.sealing.answer(&mut ends.output), Ok(()));
    assert_eq!((ends.bring(), ends.peer.connection.opened().key_updates), (Ok(()), 2));
    ends.peer.write(b"under the sixth key").expect("data");
    assert_eq!(ends.take().as_deref(), Ok(&b"under the sixth key"[..]));
}

#[test]
fn an_error_of_the_opening_half_is_told_by_the_sealing_half_and_ends_it() {
    for by in ["answer", "write", "update", "close"] {
        let mut ends = Endpoints::new();
        let garbage = [&[23, 3, 3, 0, 40][..], &[7; 40]].concat();
        assert_eq!(ends.take_bytes(&garbage), Err(Error::BadRecordMac));
        assert_eq!((ends.rings(), ends.sealing.is_ready()), (1, false));
        assert_eq!(ends.monitor.snapshot().failed, 1);
        let Endpoints { sealing, output, .. } = &mut ends;
        let result = match by {
            "answer" => sealing.answer(output),
            "write" => sealing.write_tls(&[b"refused"], output).map(|_| ()),
            "update" => sealing.update_keys(false, output),
            _ => {
                sealing.close(output);
                Err(Error::BadRecordMac)
            }
        };
        assert_eq!(result, Err(Error::BadRecordMac), "{by}");
        assert_eq!(ends.bring(), Err(Error::PeerAlert(AlertDescription::BAD_RECORD_MAC)), "{by}");
        assert!(ends.peer.received.is_empty());
        // The same for ever, and not a byte more.
        for _ in 0..2 {
            assert_eq!(ends.sealing.answer(&mut ends.output), Err(Error::BadRecordMac));
            assert_eq!(ends.sealing.write_tls(&[b"refused"], &mut ends.output), Err(Error::BadRecordMac));
            ends.sealing.close(&mut ends.output);
            assert_eq!(ends.opening.read_tls(&mut ends.input), Err(Error::BadRecordMac));
        }
        assert!(ends.output.is_empty() && !ends.sealing.has_sent_close());
        assert_eq!((ends.rings(), ends.monitor.snapshot().failed), (1, 1));
    }
}

#[test]
fn an_alert_of_the_peer_and_an_end_without_one_are_answered_with_nothing() {
    let mut ends = Endpoints::new();
    assert_eq!(ends.opening.end_of_input(), Err(Error::Truncated));
    assert_eq!(ends.rings(), 1);
    assert_eq!(ends.sealing.write_tls(&[b"refused"], &mut ends.output), Err(Error::Truncated));
    assert!(ends.output.is_empty());

    let mut ends = Endpoints::new();
    // What the peer can't open makes it send an alert.
    assert!(ends.peer.feed(&[&[23, 3, 3, 0, 40][..], &[7; 40]].concat()).is_err());
    let alert = Error::PeerAlert(AlertDescription::BAD_RECORD_MAC);
    assert_eq!(ends.take(), Err(alert.clone()));
    assert_eq!(ends.sealing.answer(&mut ends.output), Err(alert));
    assert!(ends.output.is_empty());
}

#[test]
fn each_direction_is_closed_by_itself() {
    let mut ends = Endpoints::new();
    ends.sealing.close(&mut ends.output);
    ends.sealing.close(&mut ends.output);
    assert_eq!(ends.bring(), Ok(()));
    assert!(ends.peer.closed && ends.sealing.has_sent_close() && !ends.sealing.is_ready());
    assert!(matches!(ends.sealing.write_tls(&[b"late"], &mut ends.output), Err(Error::Usage(_))));
    assert!(matches!(ends.sealing.update_keys(false, &mut ends.output), Err(Error::Usage(_))));
    // The peer goes on, and what it asks for can't be answered any more (RFC 8446 6.1).
    ends.peer.write(b"more").expect("data");
    ends.peer.update_keys(true).expect("a KeyUpdate");
    ends.peer.write(b" of it").expect("data");
    assert_eq!(ends.take().as_deref(), Ok(&b"more of it"[..]));
    assert_eq!(ends.sealing.answer(&mut ends.output), Ok(()));
    assert!(ends.output.is_empty() && !ends.sealing.is_closed_by_peer());
    let before = ends.rings();
    ends.peer.close();
    assert_eq!(ends.take(), Ok(Vec::new()));
    assert!(ends.opening.is_closed_by_peer() && ends.sealing.is_closed_by_peer());
    assert_eq!((ends.rings(), ends.opening.end_of_input()), (before + 1, Ok(())));
    assert_eq!(ends.monitor.snapshot().failed, 0);
}

#[test]
fn an_error_after_close_notify_has_no_alert() {
    let mut ends = Endpoints::new();
    ends.sealing.close(&mut ends.output);
    assert_eq!(ends.bring(), Ok(()));
    assert_eq!(ends.take_bytes(&[&[23, 3, 3, 0, 40][..], &[7; 40]].concat()), Err(Error::BadRecordMac));
    assert_eq!(ends.sealing.answer(&mut ends.output), Err(Error::BadRecordMac));
    assert!(ends.output.is_empty());
}

/// Records that pile up without being sent are an error of the sealing half's own.
#[test]
fn an_error_of_the_sealing_half_reaches_the_opening_half() {
    let mut ends = Endpoints::new();
    let error = (0..1 << 16).find_map(|_| ends.sealing.update_keys(false, &mut ends.output).err());
    assert!(matches!(error, Some(Error::Internal(_))), "{error:?}");
    assert_eq!(ends.opening.read_tls(&mut ends.input).err(), error);
    assert_eq!(ends.sealing.answer(&mut ends.output).err(), error);
}

#[test]
fn the_monitor_adds_both_halves_up() {
    let mut ends = Endpoints::new();
    ends.peer.write(&[1; 10_000]).expect("data");
    assert_eq!(ends.take().map(|data| data.len()), Ok(10_000));
    assert_eq!(ends.sealing.write_tls(&[&[2; 30_000]], &mut ends.output), Ok(30_000));
    let snapshot = ends.monitor.snapshot();
    assert_eq!((snapshot.opened, snapshot.sealed), (ends.opening.opened(), ends.sealing.sealed()));
    assert_eq!((snapshot.opened.bytes, snapshot.sealed.bytes), (10_000, 30_000));
    let Endpoints { sealing, opening, monitor, .. } = ends;
    drop(opening);
    assert_eq!(monitor.snapshot().active, 1);
    drop(sealing);
    assert_eq!(monitor.snapshot(), tls_engine::counters::Snapshot { active: 0, ..snapshot });
}

#[test]
fn a_handshake_can_not_be_split() {
    let config = client(providers()[0], KeyKind::EcdsaP256, |config| config);
    let connection = Connection::client(&config, localhost(), &mut OutBuf::with_capacity(0)).expect("a client");
    assert!(matches!(connection.split(Bell::default()).err(), Some(Error::Usage(_))));
}

#[test]
fn both_halves_may_go_to_other_threads() {
    fn is_send<T: Send>() {}
    is_send::<SealingHalf>();
    is_send::<OpeningHalf<std::sync::Arc<tls_engine::io::SignalFd>>>();
}
