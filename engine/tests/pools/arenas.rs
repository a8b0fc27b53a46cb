//! Arenas of handshakes: however a handshake ends, its arena comes back at once, empty and at its size.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::SanType;
use tls_engine::Error;
use tls_engine::codes::{AlertDescription, CipherSuite, NamedGroup};
use tls_engine::conn::HandshakeArenas;
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::{Provider, Random};
use tls_engine::limits::{HANDSHAKE_MESSAGE_MAX, RECORD_CONTENT_MAX};
use tls_engine::mem::{ArenaStatistics, Secret};
use tls_engine::pki::ServerVerifier;
use tls_engine::{KeyLog, SecretLabel};

use super::support::peer::{Peer, pump};
use super::support::pki::{Identity, KeyKind, Pki};
use super::support::{self, localhost};

#[test]
fn a_handshake_that_is_done_holds_no_arena() {
    let setting = Setting::new();
    let (mut client, mut server) = setting.ends();
    assert_eq!(setting.statistics().active, 2);
    pump(&mut client, &mut server).unwrap();
    assert!(client.connection.is_ready() && server.connection.is_ready());
    let expected = ArenaStatistics {
        leases: 2,
        hits: 1,
        misses: 1,
        peak: 2,
        bytes: 2 * setting.arena_bytes,
        ..Default::default()
    };
    assert_eq!(setting.statistics(), expected);
}

#[test]
fn one_that_is_given_up_after_any_byte_gives_its_arena_back() {
    let setting = Setting::new();
    let wire = setting.wire();
    assert!(wire.iter().all(|flight| flight.len() > 60), "both sides have said something");
    for cut in (0..=wire[0].len()).step_by(5) {
        let mut server = Peer::server(&setting.server);
        server.feed(&wire[0][..cut]).unwrap();
        assert_eq!(setting.statistics().active, 1, "{cut}");
        drop(server);
        setting.check_rest(&format!("the server, {cut} bytes into the ClientHello"));
    }
    // What a client hears is made for its own hello.
    for share in 0..20 {
        let (mut client, mut server) = setting.ends();
        server.feed(&client.drain()).unwrap();
        let answer = server.drain();
        client.feed(&answer[..share * answer.len() / 20]).unwrap();
        assert_eq!(setting.statistics().active, 2, "{share}");
        drop(client);
        assert_eq!(setting.statistics().active, 1, "{share}");
        drop(server);
        setting.check_rest(&format!("the client, {share} twentieths into the answer"));
    }
}

#[test]
fn one_that_fails_at_any_byte_gives_its_arena_back_before_the_connection_is_dropped() {
    let mut setting = Setting::new();
    // A bit of another key of ML-KEM is no error yet.
    setting.client = setting.client(|builder| builder.groups(&[NamedGroup::X25519]));
    let wire = setting.wire();
    let mut failures = [0, 0];
    for share in 0..100 {
        for side in [0, 1] {
            let (mut client, mut server) = setting.ends();
            let hello = client.drain();
            let place = share * wire[side].len() / 100;
            let is_error = if side == 0 {
                server.feed(&with_bit_turned(&hello, place)).is_err()
            } else {
                server.feed(&hello).unwrap();
                let answer = server.drain();
                client.feed(&with_bit_turned(&answer, place.min(answer.len() - 1))).is_err()
            };
            failures[side] += usize::from(is_error);
            let failed = if side == 0 { &server } else { &client };
            let handshaking = usize::from(failed.connection.is_handshaking() && !is_error);
            assert_eq!(setting.statistics().active, 1 + handshaking, "side {side}, byte {place}");
            // The other end hears of it.
            let _ = pump(&mut client, &mut server);
            drop((client, server));
            setting.check_rest(&format!("side {side}, byte {place}"));
        }
    }
    assert!(failures[0] > 10 && failures[1] > 80, "{failures:?}");
}

#[test]
fn every_other_way_out_gives_the_arena_back() {
    let untrusted = |setting: &mut Setting| {
        let verifier = ServerVerifier::new(&[Pki::new(KeyKind::EcdsaP256).root()]).unwrap();
        setting.client =
            ClientConfig::builder(setting.provider).verifier(verifier).arenas(&setting.pool).build().unwrap();
    };
    let other_suite = |setting: &mut Setting| {
        setting.client = setting.client(|builder| builder.suites(&[CipherSuite::AES_128_GCM_SHA256]));
        setting.server = setting.server(|builder| builder.suites(&[CipherSuite::AES_256_GCM_SHA384]));
    };
    let other_group = |setting: &mut Setting| {
        setting.client = setting.client(|builder| builder.groups(&[NamedGroup::X25519]));
        setting.server = setting.server(|builder| builder.groups(&[NamedGroup::SECP256R1]));
    };
    let other_protocol = |setting: &mut Setting| {
        setting.client = setting.client(|builder| builder.alpn(&[b"one"]));
        setting.server = setting.server(|builder| builder.alpn(&[b"other"]));
    };
    type Change<'a> = &'a dyn Fn(&mut Setting);
    let cases: [(&str, Change<'_>, AlertDescription); 4] = [
        ("a root of the same name", &untrusted, AlertDescription::BAD_CERTIFICATE),
        ("no common suite", &other_suite, AlertDescription::HANDSHAKE_FAILURE),
        ("no common group", &other_group, AlertDescription::HANDSHAKE_FAILURE),
        ("no common protocol", &other_protocol, AlertDescription::NO_APPLICATION_PROTOCOL),
    ];
    for (what, change, alert) in cases {
        let mut setting = Setting::new();
        change(&mut setting);
        let (mut client, mut server) = setting.ends();
        let error = pump(&mut client, &mut server).expect_err(what);
        assert_eq!(error.alert(), Some(alert), "{what}: {error}");
        assert_eq!(setting.statistics().active, 1, "{what}");
        let (to_server, to_client) = (client.drain(), server.drain());
        let heard = [server.feed(&to_server), client.feed(&to_client)];
        assert!(heard.contains(&Err(Error::PeerAlert(alert))), "{what}: {heard:?}");
        setting.check_rest(what);
    }
    let mut setting = Setting::new();
    setting.server = setting.server(|builder| builder.groups(&[NamedGroup::SECP256R1]));
    let (mut client, mut server) = setting.ends();
    pump(&mut client, &mut server).unwrap();
    assert!(client.connection.negotiated().unwrap().hello_retry);
    setting.check_rest("a second ClientHello");
    let (mut client, mut server) = setting.ends();
    client.close();
    assert_eq!(setting.statistics().active, 1, "closed by its user");
    assert_eq!(server.connection.end_of_input(), Err(Error::Truncated));
    setting.check_rest("the end of the transport");
}

#[test]
fn a_panic_in_a_callback_gives_the_arena_back_and_ends_the_connection() {
    let mut panics = 0;
    for place in 0.. {
        let setting = Setting::new();
        let log = || Arc::new(PanickingKeyLog { left: AtomicUsize::new(place) });
        let settings = [
            Setting { client: setting.client(|builder| builder.key_log(log())), ..setting.clone() },
            Setting { server: setting.server(|builder| builder.key_log(log())), ..setting.clone() },
        ];
        let before = panics;
        for (side, setting) in settings.iter().enumerate() {
            let (mut client, mut server) = setting.ends();
            if catch_unwind(AssertUnwindSafe(|| pump(&mut client, &mut server))).is_ok() {
                continue;
            }
            panics += 1;
            let panicked = if side == 0 { &mut client } else { &mut server };
            let what = format!("side {side}, secret {place}");
            assert!(!panicked.connection.is_ready() && panicked.connection.is_handshaking(), "{what}");
            panicked.drain();
            // More of the handshake, as nobody has sealed it: it is over.
            assert!(panicked.feed(&[22, 3, 3, 0, 5, 24, 0, 0, 1, 0]).is_err(), "{what}");
            assert!(panicked.received.is_empty() && panicked.write(b"data").is_err(), "{what}");
            drop(if side == 0 { server } else { client });
            setting.check_rest(&what);
        }
        if panics == before {
            break;
        }
    }
    assert_eq!(panics, 2 * 5, "each secret of each side");

    let setting = Setting::new();
    let client = setting.client(|builder| builder.random(&PANICKING_RANDOM));
    assert!(catch_unwind(AssertUnwindSafe(|| Peer::client(&client, localhost()))).is_err());
    setting.check_rest("randomness");
    let (mut client, mut server) = setting.ends();
    pump(&mut client, &mut server).expect("the pool is as good as before");
}

#[test]
fn a_flight_that_is_larger_than_an_arena_goes_through_and_is_counted() {
    let setting = Setting::with_identity(&large_identity(400));
    for round in 1..=3 {
        let (mut client, mut server) = setting.ends();
        pump(&mut client, &mut server).unwrap();
        assert!(client.connection.is_ready());
        assert_eq!(setting.statistics().outgrown, 2 * round, "what the server sends, and what the client keeps of it");
        setting.check_rest("a long chain");
    }
    let setting = Setting::new();
    pump_once(&setting);
    assert_eq!(setting.statistics().outgrown, 0, "a common chain fits");
}

#[test]
fn pieces_of_a_message_grow_no_further_than_the_longest_message() {
    let setting = Setting::new();
    // One message as long as it may be, in the longest records, but for its last byte.
    let mut message = vec![0; HANDSHAKE_MESSAGE_MAX - 1];
    let len = HANDSHAKE_MESSAGE_MAX - 4;
    message[..4].copy_from_slice(&[1, (len >> 16) as u8, (len >> 8) as u8, len as u8]);
    let mut server = Peer::server(&setting.server);
    let ((), counts) = heap_meter::count(|| feed_handshake(&mut server, &message).unwrap());
    // Twice while it moves to have room.
    let bound = (3 * HANDSHAKE_MESSAGE_MAX) as i64 + (1 << 16);
    assert!(counts.peak_bytes > HANDSHAKE_MESSAGE_MAX as i64 && counts.peak_bytes < bound, "{counts:?}");
    assert_eq!(setting.statistics().outgrown, 0, "it is still out");
    drop(server);
    assert_eq!(setting.statistics().outgrown, 1);
    setting.check_rest("a long message");

    let mut server = Peer::server(&setting.server);
    let len = HANDSHAKE_MESSAGE_MAX - 3;
    let (result, counts) =
        heap_meter::count(|| feed_handshake(&mut server, &[1, (len >> 16) as u8, (len >> 8) as u8, len as u8]));
    assert_eq!(result, Err(Error::TooLarge("a handshake message")));
    assert!(counts.peak_bytes < 1 << 16, "{counts:?}");
    assert_eq!(setting.statistics().outgrown, 1, "it was refused before it was taken");
    setting.check_rest("a message that is too long");
}

#[test]
fn what_a_crowd_has_left_goes_by_and_by() {
    let setting = Setting::new();
    drop((0..40).map(|_| Peer::server(&setting.server)).collect::<Vec<_>>());
    assert_eq!(setting.statistics().bytes, 40 * setting.arena_bytes);
    // Longer than two periods after which the pool looks what it has not needed.
    for _ in 0..2 * 1024 {
        drop(Peer::server(&setting.server));
    }
    let statistics = setting.statistics();
    assert_eq!((statistics.bytes, statistics.misses, statistics.peak), (setting.arena_bytes, 39, 40));
}

#[test]
fn a_pool_keeps_no_more_than_its_limit() {
    let pool = HandshakeArenas::new(3, 0);
    let setting = Setting::with_pool(&pool, Pki::shared_identity(KeyKind::EcdsaP256));
    drop((0..10).map(|_| Peer::server(&setting.server)).collect::<Vec<_>>());
    let statistics = pool.statistics();
    assert_eq!((statistics.misses, statistics.active, statistics.peak), (10, 0, 10));
    assert_eq!(statistics.bytes, 3 * setting.arena_bytes);
}

/// Both roles, whose handshakes lease from one pool.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) provider: &'static Provider,
    pub(super) pool: HandshakeArenas,
    pub(super) client: Arc<ClientConfig>,
    pub(super) server: Arc<ServerConfig>,
    /// What one arena that waits has.
    pub(super) arena_bytes: usize,
}

impl Setting {
    fn new() -> Self {
        Self::with_identity(Pki::shared_identity(KeyKind::EcdsaP256))
    }

    fn with_identity(identity: &Identity) -> Self {
        Self::with_pool(&HandshakeArenas::new(64, 1), identity)
    }

    pub(super) fn with_pool(pool: &HandshakeArenas, identity: &Identity) -> Self {
        let provider = Provider::auto();
        let client = support::client(provider, KeyKind::EcdsaP256, |builder| builder.arenas(pool));
        let server = support::server_with(provider, identity, |builder| builder.arenas(pool));
        let arena_bytes = HandshakeArenas::new(1, 1).statistics().bytes;
        Self { provider, pool: pool.clone(), client, server, arena_bytes }
    }

    pub(super) fn client(
        &self,
        change: impl FnOnce(tls_engine::conn::ClientConfigBuilder) -> tls_engine::conn::ClientConfigBuilder,
    ) -> Arc<ClientConfig> {
        support::client(self.provider, KeyKind::EcdsaP256, |builder| change(builder.arenas(&self.pool)))
    }

    pub(super) fn server(
        &self,
        change: impl FnOnce(tls_engine::conn::ServerConfigBuilder) -> tls_engine::conn::ServerConfigBuilder,
    ) -> Arc<ServerConfig> {
        support::server(self.provider, KeyKind::EcdsaP256, |builder| change(builder.arenas(&self.pool)))
    }

    pub(super) fn ends(&self) -> (Peer, Peer) {
        (Peer::client(&self.client, localhost()).expect("a ClientHello"), Peer::server(&self.server))
    }

    /// What each side says first.
    fn wire(&self) -> [Vec<u8>; 2] {
        let (mut client, mut server) = self.ends();
        let hello = client.drain();
        server.feed(&hello).unwrap();
        [hello, server.drain()]
    }

    pub(super) fn statistics(&self) -> ArenaStatistics {
        self.pool.statistics()
    }

    /// No arena is out, and what waits has the size of a new one.
    #[track_caller]
    pub(super) fn check_rest(&self, what: &str) {
        let statistics = self.statistics();
        assert_eq!(statistics.active, 0, "{what}: {statistics:?}");
        assert_eq!(statistics.hits + statistics.misses, statistics.leases, "{what}: {statistics:?}");
        assert!(statistics.bytes > 0 && statistics.bytes.is_multiple_of(self.arena_bytes), "{what}: {statistics:?}");
    }
}

/// An identity whose certificate names very many hosts.
pub(super) fn large_identity(names: usize) -> Identity {
    Pki::shared(KeyKind::EcdsaP256).issue(KeyKind::EcdsaP256, |params| {
        let name = |number| SanType::DnsName(format!("host-{number}.some-domain.example").try_into().expect("a name"));
        params.subject_alt_names.extend((0..names).map(name));
    })
}

fn pump_once(setting: &Setting) {
    let (mut client, mut server) = setting.ends();
    pump(&mut client, &mut server).unwrap();
}

pub(super) fn with_bit_turned(bytes: &[u8], place: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[place] ^= 1;
    bytes
}

/// As records of a handshake that are not encrypted.
fn feed_handshake(side: &mut Peer, message: &[u8]) -> Result<(), Error> {
    message.chunks(RECORD_CONTENT_MAX).try_for_each(|content| {
        side.feed(&[22, 3, 3, (content.len() >> 8) as u8, content.len() as u8])?;
        side.feed(content)
    })
}

/// Panics when it is told of a secret after so many.
pub(super) struct PanickingKeyLog {
    pub(super) left: AtomicUsize,
}

impl KeyLog for PanickingKeyLog {
    fn log(&self, _label: SecretLabel, _random: &[u8; 32], _secret: &Secret) {
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        // Without the words of a panic that nobody waits for.
        left.unwrap_or_else(|_| std::panic::resume_unwind(Box::new("a key log that fails")));
    }
}

struct PanickingRandom;
static PANICKING_RANDOM: PanickingRandom = PanickingRandom;

impl Random for PanickingRandom {
    fn fill(&self, _bytes: &mut [u8]) -> Result<(), Error> {
        std::panic::resume_unwind(Box::new("randomness that fails"))
    }
}
