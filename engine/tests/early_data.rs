//! Early data (RFC 8446 2.3, 4.2.10, 8): accepted once and in time, rejected otherwise, and never mixed with what follows.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls_pki_types::UnixTime;
use support::jobs::at_once_and_pausing;
use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::rustls_peer::Pair;
use support::{client, localhost, providers, server};
use tls_engine::codes::{CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, ClientConfigBuilder, Clock, ServerConfig, ServerConfigBuilder, SystemClock};
use tls_engine::crypto::Provider;
use tls_engine::limits::{EARLY_DATA_MAX, EARLY_DATA_WINDOW_S};
use tls_engine::session::{MemoryTickets, ReplayRegister, SessionCache, TicketKeys, Tickets};
use tls_engine::{Error, Negotiated};

const HOUR: u32 = 3600;
const KIND: KeyKind = KeyKind::EcdsaP256;
const EARLY_MAX: u32 = 40_000;

/// A clock that is set by hand, seconds.
struct HandClock(AtomicU64);

impl HandClock {
    fn new() -> Arc<Self> {
        // In the validity of the test certificates, and far from a change of ticket keys.
        Arc::new(Self(AtomicU64::new(1_790_000_000)))
    }

    fn go_on(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(self.0.load(Ordering::Relaxed)))
    }
}

/// Ends that have clocks of their own, and what their configurations share.
struct Ends {
    provider: &'static Provider,
    client_clock: Arc<HandClock>,
    server_clock: Arc<HandClock>,
    store: Arc<MemoryTickets>,
    tickets: Arc<dyn Tickets>,
    register: Arc<ReplayRegister>,
}

impl Ends {
    fn new(provider: &'static Provider, tickets: Arc<dyn Tickets>) -> Self {
        let (client_clock, server_clock) = (HandClock::new(), HandClock::new());
        let register = Arc::new(ReplayRegister::new(1000, server_clock.now()));
        Self { provider, client_clock, server_clock, store: Arc::default(), tickets, register }
    }

    fn with_keys(provider: &'static Provider) -> Self {
        Self::new(provider, Arc::new(TicketKeys::new(provider, HOUR).unwrap()))
    }

    fn client(&self, change: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder) -> Arc<ClientConfig> {
        client(self.provider, KIND, |builder| {
            change(builder.tickets(self.store.clone()).clock(self.client_clock.clone()).early_data(true))
        })
    }

    fn server(&self, change: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> Arc<ServerConfig> {
        server(self.provider, KIND, |builder| {
            let builder = builder.tickets(self.tickets.clone()).clock(self.server_clock.clone());
            change(builder.early_data(EARLY_MAX, self.register.clone()))
        })
    }

    /// A handshake that leaves a ticket.
    fn first(&self) {
        let (_, negotiated) = connect(&self.client(|builder| builder), &self.server(|builder| builder)).unwrap();
        assert!(!negotiated.early_data);
    }
}

/// Sends early data where the client may, completes the handshake, exchanges data, and returns the early data that the server has taken,
/// and what was negotiated.
fn connect(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Result<(Vec<u8>, Negotiated), Error> {
    let mut client = Peer::client(client, localhost())?;
    let mut server = Peer::server(server);
    client.connection.write_early_data(b"early", &mut client.output)?;
    pump(&mut client, &mut server)?;
    let early = server.connection.take_early_data();
    client.write(b"ping")?;
    server.write(b"pong")?;
    pump(&mut client, &mut server)?;
    assert_eq!((&client.received[..], &server.received[..]), (&b"pong"[..], &b"ping"[..]));
    assert_eq!(client.connection.negotiated(), server.connection.negotiated());
    assert!(!server.connection.has_early_data());
    Ok((early, client.connection.negotiated().expect("a handshake that is done").clone()))
}

#[test]
fn it_arrives_first_and_is_answered_before_the_handshake_is_done() {
    at_once_and_pausing(|| {
        for provider in providers() {
            let cache = Arc::new(SessionCache::new(64, HOUR));
            for ends in [Ends::with_keys(provider), Ends::new(provider, cache)] {
                for suite in &provider.suites {
                    check_suite(&ends, suite.code);
                }
            }
        }
    });
}

fn check_suite(ends: &Ends, suite: CipherSuite) {
    let client = ends.client(|builder| builder.suites(&[suite]));
    let server = ends.server(|builder| builder);
    assert!(connect(&client, &server).unwrap().0.is_empty(), "without a ticket");
    let data = support::pattern(EARLY_MAX as usize, 3);
    let mut client = Peer::client(&client, localhost()).unwrap();
    let mut server = Peer::server(&server);
    assert_eq!(client.connection.early_data_room(), data.len());
    let (front, end) = data.split_at(100);
    assert_eq!(client.connection.write_early_data(front, &mut client.output), Ok(100));
    assert!(matches!(client.write(b"not early"), Err(Error::Usage(_))));

    server.feed(&client.drain()).unwrap();
    assert_eq!(server.connection.take_early_data(), front);
    assert!(server.connection.is_handshaking() && !server.connection.is_ready());
    assert_eq!(server.write(b"answer"), Ok(6), "at once");

    // What follows comes in the next records.
    assert_eq!(client.connection.write_early_data(end, &mut client.output), Ok(end.len()));
    assert_eq!(client.connection.early_data_room(), 0);
    assert_eq!(client.connection.write_early_data(b"no room", &mut client.output), Ok(0));
    server.feed(&client.drain()).unwrap();
    client.feed(&server.drain()).unwrap();
    assert_eq!(client.received, b"answer");
    assert_eq!(client.connection.write_early_data(b"over", &mut client.output), Ok(0));
    client.write(b"not early").unwrap();
    server.feed(&client.drain()).unwrap();
    assert_eq!((&server.connection.take_early_data()[..], &server.received[..]), (end, &b"not early"[..]));
    let negotiated = server.connection.negotiated().expect("a handshake that is done");
    assert!(negotiated.early_data && negotiated.is_resumed(), "{suite}");
    assert_eq!(client.connection.negotiated(), Some(negotiated));
    pump(&mut client, &mut server).unwrap();
}

#[test]
fn a_first_flight_that_comes_again_is_accepted_once() {
    at_once_and_pausing(check_replays);
}

fn check_replays() {
    for provider in providers() {
        let ends = Ends::with_keys(provider);
        let servers = [ends.server(|builder| builder), ends.server(|builder| builder)];
        ends.first();
        let mut client = Peer::client(&ends.client(|builder| builder), localhost()).unwrap();
        client.connection.write_early_data(b"buy", &mut client.output).unwrap();
        let flight = client.drain();
        let mut first = Peer::server(&servers[0]);
        first.feed(&flight).unwrap();
        assert_eq!(first.connection.take_early_data(), b"buy");
        for later in [0, 1, EARLY_DATA_WINDOW_S - 1, 2 * EARLY_DATA_WINDOW_S, u64::from(HOUR) / 2] {
            ends.server_clock.go_on(later);
            for config in &servers {
                let mut server = Peer::server(config);
                server.feed(&flight).expect("the handshake goes on");
                assert!(!server.connection.has_early_data(), "after {later} s");
                assert!(server.output.len() > 100, "its flight");
                assert!(matches!(server.write(b"answer"), Err(Error::Usage(_))), "it was not accepted");
            }
        }
        // The first connection is not disturbed.
        ends.server_clock.0.store(ends.client_clock.0.load(Ordering::Relaxed), Ordering::Relaxed);
        client.feed(&first.drain()).unwrap();
        pump(&mut client, &mut first).unwrap();
        assert!(first.connection.is_ready() && client.connection.negotiated().is_some_and(|agreed| agreed.early_data));
    }
}

#[test]
fn without_room_in_the_register_it_is_rejected() {
    let ends = Ends {
        register: Arc::new(ReplayRegister::new(1, HandClock::new().now())),
        ..Ends::with_keys(Provider::auto())
    };
    let (client, server) = (ends.client(|builder| builder), ends.server(|builder| builder));
    let mut accepted = 0;
    for _ in 0..200 {
        let (early, negotiated) = connect(&client, &server).unwrap();
        assert_eq!(negotiated.early_data, early == b"early");
        accepted += usize::from(negotiated.early_data);
    }
    assert!((1..=64).contains(&accepted), "{accepted} in one period");
}

/// The clocks of the ends at the second connection, seconds after the first, and whether early data is accepted.
#[test]
fn the_ticket_has_to_be_as_old_as_the_client_says() {
    const WINDOW: u64 = EARLY_DATA_WINDOW_S;
    for (client_s, server_s, is_accepted) in [
        (0, 0, true),
        (1000, 1000, true),
        (0, WINDOW, true),
        (WINDOW, 0, true),
        (0, WINDOW + 1, false),
        (WINDOW + 1, 0, false),
        (1000, 1000 + WINDOW, true),
        (1000, 1001 + WINDOW, false),
        (1001 + WINDOW, 1000, false),
    ] {
        let ends = Ends::with_keys(Provider::auto());
        ends.first();
        ends.client_clock.go_on(client_s);
        ends.server_clock.go_on(server_s);
        let (early, negotiated) = connect(&ends.client(|builder| builder), &ends.server(|builder| builder)).unwrap();
        assert_eq!(negotiated.early_data, is_accepted, "{client_s} s and {server_s} s");
        assert_eq!(early, if is_accepted { &b"early"[..] } else { b"" });
        assert!(negotiated.is_resumed());
    }
}

/// A ticket from the future shows that a clock was set back. The register does not remember for so long what is fresh then.
#[test]
fn a_clock_that_was_set_back_ends_early_data() {
    for back in [1, EARLY_DATA_WINDOW_S, EARLY_DATA_WINDOW_S + 1, 50] {
        let ends = Ends::with_keys(Provider::auto());
        ends.first();
        ends.server_clock.0.fetch_sub(back, Ordering::Relaxed);
        let (_, negotiated) = connect(&ends.client(|builder| builder), &ends.server(|builder| builder)).unwrap();
        assert_eq!(negotiated.early_data, back <= EARLY_DATA_WINDOW_S, "{back} s");
        assert!(negotiated.is_resumed());
    }
}

/// As much as the ticket allows is skipped where it is rejected, whatever records it comes in.
#[test]
fn all_that_the_ticket_allows_is_skipped() {
    const MUCH: u32 = 300_000;
    for group in [NamedGroup::X25519, NamedGroup::SECP384R1] {
        let ends = Ends::with_keys(Provider::auto());
        let server = |max_bytes, change: ChangeServer| {
            ends.server(|builder| change(builder.early_data(max_bytes, ends.register.clone())))
        };
        connect(&ends.client(|builder| builder), &server(MUCH, |builder| builder)).unwrap();
        ends.server_clock.go_on(EARLY_DATA_WINDOW_S + 1);
        let rejecting = if group == NamedGroup::X25519 {
            server(MUCH, |builder| builder)
        } else {
            server(MUCH, |builder| builder.groups(&[NamedGroup::SECP384R1]))
        };
        let mut client = Peer::client(&ends.client(|builder| builder), localhost()).unwrap();
        let mut server = Peer::server(&rejecting);
        while client.connection.early_data_room() > 0 {
            let count = client.connection.write_early_data(&[7; 100], &mut client.output).unwrap();
            assert!(count > 0);
            server.feed(&client.drain()).unwrap();
        }
        pump(&mut client, &mut server).unwrap();
        let negotiated = server.connection.negotiated().expect("a handshake that is done");
        assert!(negotiated.is_resumed() && !negotiated.early_data);
        assert_eq!(negotiated.hello_retry, group != NamedGroup::X25519);
    }
}

/// Whether a ClientHello announces early data, and whether the server accepts it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    NotOffered,
    Rejected,
    Accepted,
}

type ChangeClient = fn(ClientConfigBuilder) -> ClientConfigBuilder;
type ChangeServer = fn(ServerConfigBuilder) -> ServerConfigBuilder;

#[test]
fn it_is_bound_to_the_suite_and_the_protocol_and_ends_with_a_retry() {
    at_once_and_pausing(check_bindings);
}

fn check_bindings() {
    const SHORT: CipherSuite = CipherSuite::AES_128_GCM_SHA256;
    const CHACHA: CipherSuite = CipherSuite::CHACHA20_POLY1305_SHA256;
    let rows: [(&str, ChangeClient, ChangeServer, Outcome); 8] = [
        ("the same", |client| client, |server| server, Outcome::Accepted),
        ("a client that does not want any", |client| client.early_data(false), |server| server, Outcome::NotOffered),
        ("without the suite", |client| client.suites(&[CHACHA]), |server| server, Outcome::NotOffered),
        ("another suite of the same hash", |client| client, |server| server.suites(&[CHACHA]), Outcome::Rejected),
        ("another protocol", |client| client, |server| server.alpn(&[b"two", b"one"]), Outcome::Rejected),
        ("no protocol", |client| client, |server| server.alpn(&[]), Outcome::Rejected),
        ("without the protocol", |client| client.alpn(&[b"two"]), |server| server.alpn(&[b"two"]), Outcome::NotOffered),
        ("a retry", |client| client, |server| server.groups(&[NamedGroup::SECP384R1]), Outcome::Rejected),
    ];
    for provider in providers() {
        for (what, change_client, change_server, outcome) in &rows {
            let ends = Ends::with_keys(provider);
            let client = |change: ChangeClient| {
                ends.client(|builder| change(builder.suites(&[SHORT, CHACHA]).alpn(&[b"one", b"two"])))
            };
            let server =
                |change: ChangeServer| ends.server(|builder| change(builder.suites(&[SHORT, CHACHA]).alpn(&[b"one"])));
            connect(&client(|builder| builder), &server(|builder| builder)).unwrap();
            let config = client(*change_client);
            let (early, negotiated) = connect(&config, &server(*change_server)).unwrap();
            assert_eq!(negotiated.early_data, *outcome == Outcome::Accepted, "{what}");
            assert_eq!(early == b"early", negotiated.early_data, "{what}");
            assert_eq!(negotiated.hello_retry, *what == "a retry");
            // The next ticket is for a connection of the kind that its own was.
            let next = Peer::client(&config, localhost()).unwrap();
            if *outcome != Outcome::NotOffered {
                assert_eq!(next.connection.early_data_room(), EARLY_MAX as usize, "{what}");
            }
        }
    }
}

#[test]
fn a_server_that_takes_none_announces_none_and_skips_what_comes_all_the_same() {
    let ends = Ends::with_keys(Provider::auto());
    ends.first();
    let none =
        server(ends.provider, KIND, |builder| builder.tickets(ends.tickets.clone()).clock(ends.server_clock.clone()));
    let client = ends.client(|builder| builder);
    let (early, negotiated) = connect(&client, &none).unwrap();
    assert!(early.is_empty() && negotiated.is_resumed() && !negotiated.early_data);
    let next = Peer::client(&client, localhost()).unwrap();
    assert_eq!(next.connection.early_data_room(), 0);
}

/// A client that is rejected sends nothing again by itself.
#[test]
fn without_the_ticket_the_handshake_is_a_full_one() {
    let ends = Ends::with_keys(Provider::auto());
    ends.first();
    let others = Ends::with_keys(Provider::auto());
    let (early, negotiated) = connect(&ends.client(|builder| builder), &others.server(|builder| builder)).unwrap();
    assert!(early.is_empty() && !negotiated.is_resumed() && !negotiated.early_data);
}

/// rustls takes early data with sessions that it keeps, and sends it where it has a ticket that allows it.
#[test]
fn rustls_takes_it_and_sends_it() {
    for provider in providers() {
        let identity = support::pki::Pki::shared_identity(KIND);
        let mut config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(&[&rustls::version::TLS13])
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(identity.chain.clone(), identity.key.clone_key())
                .unwrap();
        config.max_early_data_size = 1000;
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(64);
        let config = Arc::new(config);
        let ours = client(provider, KIND, |builder| builder.tickets(Arc::<MemoryTickets>::default()).early_data(true));
        for is_resumed in [false, true, true] {
            let mut theirs = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut ours = Peer::client(&ours, localhost()).unwrap();
            assert_eq!(ours.connection.early_data_room(), if is_resumed { 1000 } else { 0 });
            ours.connection.write_early_data(b"early", &mut ours.output).unwrap();
            theirs.read_tls(&mut &ours.drain()[..]).unwrap();
            theirs.process_new_packets().unwrap();
            let mut early = Vec::new();
            if let Some(mut reader) = theirs.early_data() {
                std::io::Read::read_to_end(&mut reader, &mut early).unwrap();
            }
            assert_eq!(early == b"early", is_resumed);
            let mut pair = Pair::new(ours, theirs.into());
            pair.pump().unwrap();
            pair.send(b"not early").unwrap();
            pair.send_back(b"answer").unwrap();
            assert_eq!((&pair.received[..], &pair.ours.received[..]), (&b"not early"[..], &b"answer"[..]));
            let negotiated = pair.ours.connection.negotiated().unwrap();
            assert_eq!((negotiated.is_resumed(), negotiated.early_data), (is_resumed, is_resumed));
        }

        let mut roots = rustls::RootCertStore::empty();
        roots.add(support::pki::Pki::shared(KIND).root()).unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_protocol_versions(&[&rustls::version::TLS13])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.enable_early_data = true;
        let config = Arc::new(config);
        let keys = Arc::new(TicketKeys::new(provider, HOUR).unwrap());
        let register = Arc::new(ReplayRegister::new(100, SystemClock.now()));
        let ours = server(provider, KIND, |builder| builder.tickets(keys).early_data(1000, register));
        for is_resumed in [false, true, true] {
            let mut theirs = rustls::ClientConnection::new(config.clone(), localhost()).unwrap();
            if let Some(mut writer) = theirs.early_data() {
                std::io::Write::write_all(&mut writer, b"early").unwrap();
            }
            let mut pair = Pair::new(Peer::server(&ours), theirs.into());
            pair.pump().unwrap();
            assert_eq!(pair.ours.connection.take_early_data() == b"early", is_resumed);
            pair.send(b"answer").unwrap();
            pair.send_back(b"not early").unwrap();
            assert_eq!((&pair.received[..], &pair.ours.received[..]), (&b"answer"[..], &b"not early"[..]));
            let rustls::Connection::Client(theirs) = &pair.theirs else { unreachable!() };
            assert_eq!(theirs.is_early_data_accepted(), is_resumed);
            assert_eq!(pair.ours.connection.negotiated().unwrap().early_data, is_resumed);
        }
    }
}

#[test]
fn only_what_makes_sense_is_configured() {
    let provider = Provider::auto();
    let register = || Arc::new(ReplayRegister::new(1000, HandClock::new().now()));
    let key = support::pki::Pki::shared_identity(KIND);
    let builder =
        || ServerConfig::builder(provider).certificate_and_key(key.chain.clone(), &key.key).expect("a certificate");
    let keys = Arc::new(TicketKeys::new(provider, HOUR).unwrap());
    for (builder, is_good) in [
        (builder().early_data(100, register()), false),
        (builder().tickets(keys.clone()).early_data(0, register()), false),
        (builder().tickets(keys.clone()).early_data(EARLY_DATA_MAX + 1, register()), false),
        (builder().tickets(keys).early_data(EARLY_DATA_MAX, register()), true),
    ] {
        assert_eq!(
            builder.build().map(drop).map_err(|error| matches!(error, Error::Config(_))),
            if is_good { Ok(()) } else { Err(true) }
        );
    }
}
