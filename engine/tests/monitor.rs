//! A monitor counts what its connections have counted themselves: at every rest, however they end, in any number of
//! threads. Where the switch is off it hears of nothing.

use std::sync::Arc;
use std::thread;

use rustls_pki_types::{PrivateKeyDer, ServerName};
use tls_engine::Error;
use tls_engine::conn::{ClientConfig, Connection, Progress, ServerConfig};
use tls_engine::counters::{Counters, Monitor, Snapshot};
use tls_engine::crypto::Provider;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::pki::{CertifiedKey, ServerVerifier};
use tls_engine::switches::Switches;

type Configs = (Arc<ClientConfig>, Arc<ServerConfig>);

#[test]
fn the_numbers_are_the_sums_of_the_connections_own_at_every_rest() {
    for inline in [true, false] {
        for zero_copy in [true, false] {
            let monitor = Monitor::default();
            let configs = configs(&monitor, Switches { inline, zero_copy, counters: true, ..Switches::all() });
            let mut ended = Sums::default();
            let mut pairs: Vec<Pair> = Vec::new();
            for round in 0..8 {
                pairs.push(Pair::new(&configs));
                check(&monitor, &pairs, &ended);
                for pair in &mut pairs {
                    pair.carry(&vec![1; 50_000 * round + 1]);
                    pair.client.update(round % 2 == 0);
                    pair.settle();
                }
                check(&monitor, &pairs, &ended);
                if round % 3 == 2 {
                    let mut pair = pairs.swap_remove(0);
                    pair.client.connection.close(&mut pair.client.output);
                    pair.settle();
                    check(&monitor, std::slice::from_ref(&pair), &ended.plus(&Sums::of(&pairs)));
                    ended = ended.plus(&Sums::of(std::slice::from_ref(&pair)));
                    drop(pair);
                    check(&monitor, &pairs, &ended);
                }
            }
            let snapshot = monitor.snapshot();
            assert_eq!(snapshot.connections, 16);
            assert_eq!((snapshot.ready, snapshot.failed), (16, 0));
            assert!(snapshot.opened.key_updates > 20 && snapshot.opened.bytes > 1_000_000, "{snapshot:?}");
            let Counters { in_place_records, copied_records, copied_bytes, .. } = snapshot.opened;
            let sealed = Counters { in_place_records, copied_records, copied_bytes, ..snapshot.sealed };
            assert_eq!(snapshot.opened, sealed, "all else is the same on both sides");
            for Counters { bytes, in_place_records, copied_records, copied_bytes, .. } in
                [snapshot.opened, snapshot.sealed]
            {
                let (all, none) =
                    if zero_copy { (in_place_records, copied_records) } else { (copied_records, in_place_records) };
                assert!(all >= bytes / 16_384 && none == 0, "{snapshot:?}");
                assert_eq!(copied_bytes, if zero_copy { 0 } else { bytes });
            }
            let expected = if zero_copy { snapshot.opened.bytes } else { 0 };
            assert_eq!((snapshot.opened.saved_bytes(), snapshot.sealed.saved_bytes()), (expected, expected));
        }
    }
}

#[test]
fn connections_that_fail_are_counted_once_with_the_alert_that_they_seal() {
    let monitor = Monitor::default();
    let configs = configs(&monitor, Switches { counters: true, ..Switches::all() });
    let mut pair = Pair::new(&configs);
    // A record that nobody has sealed.
    pair.server.input.put(&[&[23, 3, 3, 0, 40][..], &[7; 40]].concat());
    for _ in 0..2 {
        let result = pair.server.connection.read_tls(&mut pair.server.input, &mut pair.server.output);
        assert_eq!(result, Err(Error::BadRecordMac));
    }
    assert!(!pair.server.output.is_empty(), "an alert");
    let pairs = [pair];
    assert_eq!((monitor.snapshot().ready, monitor.snapshot().failed), (2, 1));
    check(&monitor, &pairs, &Sums::default());
    // Cut off without a close_notify, and given up in the middle of the handshake.
    let [mut pair] = pairs;
    assert_eq!(pair.client.connection.end_of_input(), Err(Error::Truncated));
    assert_eq!(pair.client.connection.end_of_input(), Err(Error::Truncated));
    assert_eq!(monitor.snapshot().failed, 2);
    let mut server = Connection::server(&configs.1);
    server.close(&mut pair.server.output);
    assert_eq!((monitor.snapshot().connections, monitor.snapshot().failed), (3, 3));
    drop((pair, server));
    assert_eq!((monitor.snapshot().active, monitor.snapshot().failed), (0, 3));
}

#[test]
fn threads_share_a_monitor() {
    let monitor = Monitor::default();
    let configs = configs(&monitor, Switches { counters: true, ..Switches::all() });
    let sums = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let configs = &configs;
                scope.spawn(move || {
                    (0..5).fold(Sums::default(), |sums, _| {
                        let mut pair = Pair::new(configs);
                        pair.carry(&vec![2; 100_000 + index]);
                        sums.plus(&Sums::of(&[pair]))
                    })
                })
            })
            .collect();
        threads.into_iter().fold(Sums::default(), |sums, thread| sums.plus(&thread.join().expect("no panic")))
    });
    check(&monitor, &[], &sums);
    assert_eq!(sums.opened.bytes, 2 * 5 * (4 * 100_000 + 6), "both ways");
    assert_eq!((monitor.snapshot().connections, monitor.snapshot().active), (40, 0));
}

#[test]
fn where_the_switch_is_off_the_monitor_hears_nothing() {
    let monitor = Monitor::default();
    let configs = configs(&monitor, Switches { counters: false, ..Switches::all() });
    assert!(configs.0.monitor().is_none() && configs.1.monitor().is_none());
    let mut pair = Pair::new(&configs);
    pair.carry(&[3; 20_000]);
    pair.client.connection.close(&mut pair.client.output);
    assert_eq!(pair.server.connection.opened().bytes, 20_000, "the connection's own are always there");
    assert_eq!(monitor.snapshot(), Snapshot::default());
}

/// Fails unless the monitor has what `ended` and the connections of `pairs` have counted.
fn check(monitor: &Monitor, pairs: &[Pair], ended: &Sums) {
    let snapshot = monitor.snapshot();
    assert_eq!(Sums { opened: snapshot.opened, sealed: snapshot.sealed }, ended.plus(&Sums::of(pairs)));
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    opened: Counters,
    sealed: Counters,
}

impl Sums {
    fn of(pairs: &[Pair]) -> Self {
        pairs.iter().flat_map(|pair| [&pair.client, &pair.server]).fold(Self::default(), |sums, end| {
            sums.plus(&Self { opened: end.connection.opened(), sealed: end.connection.sealed() })
        })
    }

    fn plus(&self, other: &Self) -> Self {
        Self { opened: self.opened.plus(other.opened), sealed: self.sealed.plus(other.sealed) }
    }
}

struct Pair {
    client: Peer,
    server: Peer,
}

struct Peer {
    connection: Connection,
    input: InBuf,
    output: OutBuf,
}

impl Peer {
    fn new(connection: Connection, output: OutBuf) -> Self {
        Self { connection, input: InBuf::with_capacity(1 << 19), output }
    }

    fn update(&mut self, request_peer: bool) {
        self.connection.update_keys(request_peer, &mut self.output).expect("a KeyUpdate");
    }
}

impl Pair {
    fn new((client, server): &Configs) -> Self {
        let mut output = OutBuf::with_capacity(1 << 19);
        let name = ServerName::try_from("localhost").expect("a name");
        let client = Connection::client(client, name, &mut output).expect("a ClientHello");
        let server = Peer::new(Connection::server(server), OutBuf::with_capacity(1 << 19));
        let mut pair = Self { client: Peer::new(client, output), server };
        pair.settle();
        assert!(pair.client.connection.is_ready() && pair.server.connection.is_ready());
        pair
    }

    /// Both ways.
    fn carry(&mut self, data: &[u8]) {
        for end in [&mut self.client, &mut self.server] {
            assert_eq!(end.connection.write_tls(&[data], &mut end.output), Ok(data.len()));
        }
        self.settle();
    }

    /// Until neither has anything to say.
    fn settle(&mut self) {
        while !(self.client.output.is_empty() && self.server.output.is_empty()) {
            hand_over(&mut self.client, &mut self.server);
            hand_over(&mut self.server, &mut self.client);
        }
    }
}

fn hand_over(from: &mut Peer, to: &mut Peer) {
    let count = to.input.put(from.output.waiting());
    from.output.sent(count);
    while !matches!(
        to.connection.read_tls(&mut to.input, &mut to.output).expect("good records"),
        Progress::NeedInput | Progress::Closed
    ) {}
}

fn configs(monitor: &Monitor, switches: Switches) -> Configs {
    let provider = Provider::auto();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let verifier = ServerVerifier::new(&[made.cert.der().clone()]).expect("a verifier");
    let certificate = CertifiedKey::new(provider, vec![made.cert.der().clone()], &key).expect("a certified key");
    let client = ClientConfig::builder(provider).verifier(verifier).switches(switches).monitor(monitor);
    let server = ServerConfig::builder(provider).certificate(certificate).switches(switches).monitor(monitor);
    (client.build().expect("a client"), server.build().expect("a server"))
}
