//! Sessions are resumed with tickets (RFC 8446 2.2, 4.2.11, 4.6.1), or else the handshake is a full one.

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use rustls_pki_types::{ServerName, UnixTime};
use support::jobs::at_once_and_pausing;
use support::peer::{Peer, pump};
use support::pki::KeyKind;
use support::{client, localhost, providers, server};
use tls_engine::codes::{AlertDescription, CipherSuite, NamedGroup};
use tls_engine::conn::{ClientConfig, Clock, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::session::{MemoryTickets, SessionCache, Ticket, TicketKeys, TicketStore, Tickets};
use tls_engine::{Authentication, Error, Negotiated};

const HOUR: u32 = 3600;
const KIND: KeyKind = KeyKind::EcdsaP256;

/// A clock that is set by hand, seconds.
#[derive(Default)]
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now(&self) -> UnixTime {
        // In the validity of the test certificates.
        UnixTime::since_unix_epoch(Duration::from_secs(1_790_000_000 + self.0.load(Ordering::Relaxed)))
    }
}

/// Both kinds of tickets.
fn kinds(provider: &'static Provider) -> [(&'static str, Arc<dyn Tickets>); 2] {
    [
        ("ticket keys", Arc::new(TicketKeys::new(provider, HOUR).unwrap())),
        ("a cache", Arc::new(SessionCache::new(64, HOUR))),
    ]
}

/// Ends that resume.
struct Ends {
    clock: Arc<HandClock>,
    store: Arc<MemoryTickets>,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Ends {
    fn new(provider: &'static Provider, tickets: &Arc<dyn Tickets>) -> Self {
        let clock = Arc::new(HandClock::default());
        let store = Arc::new(MemoryTickets::default());
        Self {
            client: client(provider, KIND, |builder| builder.tickets(store.clone()).clock(clock.clone())),
            server: server(provider, KIND, |builder| builder.tickets(tickets.clone()).clock(clock.clone())),
            clock,
            store,
        }
    }

    fn handshake(&self) -> Negotiated {
        handshake(&self.client, &self.server, localhost()).expect("a handshake")
    }
}

/// Completes a handshake, sends data both ways, and returns what both ends have negotiated.
fn handshake(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    name: ServerName<'static>,
) -> Result<Negotiated, Error> {
    let mut client = Peer::client(client, name)?;
    let mut server = Peer::server(server);
    pump(&mut client, &mut server)?;
    client.write(b"ping")?;
    server.write(b"pong")?;
    pump(&mut client, &mut server)?;
    assert_eq!((&client.received[..], &server.received[..]), (&b"pong"[..], &b"ping"[..]));
    assert_eq!(client.connection.negotiated(), server.connection.negotiated());
    Ok(client.connection.negotiated().expect("a handshake that is done").clone())
}

#[test]
fn with_every_suite_and_every_kind_of_ticket() {
    at_once_and_pausing(check_every_suite);
}

fn check_every_suite() {
    for provider in providers() {
        for (what, tickets) in kinds(provider) {
            for suite in &provider.suites {
                let Ends { client: _, server, store, clock } = Ends::new(provider, &tickets);
                let client =
                    client(provider, KIND, |builder| builder.suites(&[suite.code]).tickets(store.clone()).clock(clock));
                for is_resumed in [false, true, true, true] {
                    let negotiated = handshake(&client, &server, localhost()).unwrap();
                    assert_eq!(negotiated.is_resumed(), is_resumed, "{what}, {}, {}", provider.name, suite.code);
                    assert_eq!(negotiated.signature().is_none(), is_resumed);
                    assert_eq!(negotiated.suite, suite.code);
                }
            }
        }
    }
}

#[test]
fn a_client_uses_each_ticket_once_and_a_cache_resumes_each_session_once() {
    let provider = Provider::auto();
    for (what, tickets) in kinds(provider) {
        let ends = Ends::new(provider, &tickets);
        ends.handshake();
        let ticket = ends.store.take(&localhost()).expect("one ticket");
        assert!(ends.store.take(&localhost()).is_none(), "as many as configured");
        ends.store.put(&localhost(), ticket.clone());
        assert!(ends.handshake().is_resumed());
        assert!(ends.store.take(&localhost()).is_some_and(|next| next.ticket != ticket.ticket), "a new one");
        assert!(ends.store.take(&localhost()).is_none(), "the old one is gone");
        // The ticket is offered a second time, which a cache does not take.
        ends.store.put(&localhost(), ticket);
        assert_eq!(ends.handshake().is_resumed(), what == "ticket keys");
    }
}

#[test]
fn a_server_sends_as_many_tickets_as_configured() {
    let provider = Provider::auto();
    let (_, tickets) = kinds(provider).into_iter().next().unwrap();
    for count in [0, 1, 2, 8] {
        let store = Arc::new(MemoryTickets::default());
        let client = client(provider, KIND, |builder| builder.tickets(store.clone()));
        let server = server(provider, KIND, |builder| builder.tickets(tickets.clone()).tickets_sent(count));
        handshake(&client, &server, localhost()).unwrap();
        assert_eq!(std::iter::from_fn(|| store.take(&localhost())).count(), count.into());
    }
    let key = support::pki::Pki::shared_identity(KIND);
    let builder = ServerConfig::builder(provider).certificate_and_key(key.chain.clone(), &key.key).unwrap();
    assert!(matches!(builder.tickets_sent(17).build(), Err(Error::Config(_))));
}

/// A change to a ticket that the client keeps.
type Forge = fn(&mut Ticket);

/// What falls back to a full handshake: whatever is wrong with a ticket, the binder is never looked at.
#[test]
fn a_ticket_that_the_server_does_not_take_leads_to_a_full_handshake() {
    at_once_and_pausing(check_tickets_not_taken);
}

fn check_tickets_not_taken() {
    let provider = Provider::auto();
    let forged: [(&str, Forge); 6] = [
        ("an altered name", |ticket| ticket.ticket[0] ^= 1),
        ("an altered byte in the middle", |ticket| ticket.ticket[30] ^= 1),
        ("an altered end", |ticket| *ticket.ticket.last_mut().unwrap() ^= 1),
        ("cut short", |ticket| ticket.ticket.truncate(20)),
        ("one byte", |ticket| ticket.ticket.truncate(1)),
        ("longer than any of ours", |ticket| ticket.ticket.resize(2000, 7)),
    ];
    for (kind, tickets) in kinds(provider) {
        for (what, forge) in forged {
            let ends = Ends::new(provider, &tickets);
            ends.handshake();
            let mut ticket = ends.store.take(&localhost()).unwrap();
            forge(&mut ticket);
            ends.store.put(&localhost(), ticket);
            assert!(!ends.handshake().is_resumed(), "{kind}: {what}");
            assert!(ends.handshake().is_resumed(), "{kind}: {what}, with the ticket of the full handshake");
        }
        let (_, foreign) = kinds(provider).into_iter().find(|(other, _)| *other == kind).unwrap();
        let (ends, others) = (Ends::new(provider, &tickets), Ends::new(provider, &foreign));
        others.handshake();
        ends.store.put(&localhost(), others.store.take(&localhost()).unwrap());
        assert!(!ends.handshake().is_resumed(), "{kind}: of another server");
    }
}

#[test]
fn a_ticket_is_bound_to_the_name_and_the_hash() {
    at_once_and_pausing(check_bindings);
}

fn check_bindings() {
    let provider = Provider::auto();
    for (kind, tickets) in kinds(provider) {
        let ends = Ends::new(provider, &tickets);
        let suites = |code| {
            client(provider, KIND, |builder| {
                builder.suites(&[code]).tickets(ends.store.clone()).clock(ends.clock.clone())
            })
        };
        let (short, long) = (suites(CipherSuite::AES_128_GCM_SHA256), suites(CipherSuite::AES_256_GCM_SHA384));
        let chacha = suites(CipherSuite::CHACHA20_POLY1305_SHA256);
        handshake(&short, &ends.server, localhost()).unwrap();
        assert!(!handshake(&long, &ends.server, localhost()).unwrap().is_resumed(), "{kind}: another hash");
        handshake(&short, &ends.server, localhost()).unwrap();
        // With the same hash, but the client's configuration lacks the suite of the ticket.
        assert!(!handshake(&chacha, &ends.server, localhost()).unwrap().is_resumed(), "{kind}: another suite");

        // The server has it for another name; the client's store is made to offer it all the same.
        let _ = std::iter::from_fn(|| ends.store.take(&localhost())).count();
        ends.handshake();
        let ip = ServerName::try_from("127.0.0.1").unwrap();
        ends.store.put(&ip, ends.store.take(&localhost()).unwrap());
        assert!(!handshake(&ends.client, &ends.server, ip).unwrap().is_resumed(), "{kind}: another name");
    }
}

#[test]
fn a_ticket_expires_at_both_ends() {
    let provider = Provider::auto();
    for (kind, tickets) in kinds(provider) {
        for (age, is_resumed) in [(0, true), (HOUR - 1, true), (HOUR, false), (3 * HOUR, false)] {
            let ends = Ends::new(provider, &tickets);
            // Keys change at full hours of the clock; begin shortly before.
            ends.clock.0.store(u64::from(HOUR) - 1_790_000_000 % u64::from(HOUR) - 1, Ordering::Relaxed);
            ends.handshake();
            ends.clock.0.fetch_add(age.into(), Ordering::Relaxed);
            assert_eq!(ends.handshake().is_resumed(), is_resumed, "{kind}: client and server, {age} s");

            // A client whose clock stands still offers it whatever its age.
            let store = Arc::new(MemoryTickets::default());
            let still = Arc::new(HandClock::default());
            let still = client(provider, KIND, |builder| builder.tickets(store.clone()).clock(still.clone()));
            handshake(&still, &ends.server, localhost()).unwrap();
            ends.clock.0.fetch_add(age.into(), Ordering::Relaxed);
            let negotiated = handshake(&still, &ends.server, localhost()).unwrap();
            assert_eq!(negotiated.is_resumed(), is_resumed, "{kind}: the server alone, {age} s");
        }
    }
}

#[test]
fn a_wrong_binder_is_an_error() {
    at_once_and_pausing(check_wrong_binder);
}

fn check_wrong_binder() {
    let provider = Provider::auto();
    for (_, tickets) in kinds(provider) {
        let ends = Ends::new(provider, &tickets);
        ends.handshake();
        let mut ticket = ends.store.take(&localhost()).unwrap();
        ticket.psk.as_mut_bytes()[0] ^= 1;
        ends.store.put(&localhost(), ticket);
        let mut client = Peer::client(&ends.client, localhost()).unwrap();
        let mut server = Peer::server(&ends.server);
        assert_eq!(server.feed(&client.drain()), Err(Error::DecryptError("the binder of a PSK")));
        assert_eq!(client.feed(&server.drain()), Err(Error::PeerAlert(AlertDescription::DECRYPT_ERROR)));
    }
}

#[test]
fn after_a_retry_too() {
    at_once_and_pausing(check_retries);
}

fn check_retries() {
    for provider in providers() {
        for (what, tickets) in kinds(provider) {
            let Ends { client, store, clock, .. } = Ends::new(provider, &tickets);
            let server = server(provider, KIND, |builder| {
                builder.groups(&[NamedGroup::SECP384R1]).cookie(true).tickets(tickets.clone()).clock(clock.clone())
            });
            for is_resumed in [false, true, true] {
                let negotiated = handshake(&client, &server, localhost()).unwrap();
                assert_eq!((negotiated.is_resumed(), negotiated.hello_retry), (is_resumed, true), "{what}");
            }
            // The suite of the request has another hash than the PSK, which the second ClientHello leaves out (RFC 8446 4.1.4).
            let long = support::server(provider, KIND, |builder| {
                builder
                    .suites(&[CipherSuite::AES_256_GCM_SHA384])
                    .groups(&[NamedGroup::SECP384R1])
                    .tickets(tickets.clone())
                    .clock(clock.clone())
            });
            let ticket = store.take(&localhost()).expect("a ticket");
            assert_eq!(ticket.suite, CipherSuite::AES_128_GCM_SHA256);
            store.put(&localhost(), ticket);
            assert!(!handshake(&client, &long, localhost()).unwrap().is_resumed(), "{what}: another hash");
        }
    }
}

#[test]
fn keys_from_a_secret_open_each_others_tickets_and_random_ones_do_not() {
    let provider = Provider::auto();
    let secret = |byte| TicketKeys::from_secret(provider, HOUR, &[byte; TicketKeys::SECRET_MIN]).unwrap();
    for (first, second, is_resumed) in [
        (secret(1), secret(1), true),
        (secret(1), secret(2), false),
        (TicketKeys::new(provider, HOUR).unwrap(), TicketKeys::new(provider, HOUR).unwrap(), false),
    ] {
        let ends = Ends::new(provider, &(Arc::new(first) as _));
        let others = Ends::new(provider, &(Arc::new(second) as _));
        // The keys of an hour later have those of the hour before, too.
        others.clock.0.store(u64::from(HOUR) - 1, Ordering::Relaxed);
        ends.handshake();
        others.store.put(&localhost(), ends.store.take(&localhost()).unwrap());
        let negotiated = others.handshake();
        let expected = if is_resumed { Authentication::Resumption } else { full() };
        assert_eq!(negotiated.authentication, expected);
    }
    assert!(matches!(TicketKeys::from_secret(provider, HOUR, &[7; 31]), Err(Error::Config(_))));
    assert!(matches!(TicketKeys::new(provider, 0), Err(Error::Config(_))));
    assert!(matches!(TicketKeys::new(provider, 604_801), Err(Error::Config(_))), "RFC 8446 4.6.1");
}

fn full() -> Authentication {
    Authentication::Certificate(tls_engine::codes::SignatureScheme::ECDSA_SECP256R1_SHA256)
}

#[test]
fn a_store_and_a_cache_keep_no_more_than_they_may() {
    let provider = Provider::auto();
    let cache = Arc::new(SessionCache::new(10, HOUR));
    let store = Arc::new(MemoryTickets::new(3));
    let client = client(provider, KIND, |builder| builder.tickets(store.clone()));
    let server = server(provider, KIND, |builder| builder.tickets(cache.clone()).tickets_sent(4));
    let others = support::client(provider, KIND, |builder| builder);
    for _ in 0..10 {
        handshake(&others, &server, localhost()).unwrap();
        assert!(cache.len() <= 10);
    }
    assert_eq!(cache.len(), 10);
    for _ in 0..10 {
        handshake(&client, &server, localhost()).unwrap();
    }
    let kept: Vec<_> = std::iter::from_fn(|| store.take(&localhost())).collect();
    assert_eq!(kept.len(), tls_engine::limits::TICKETS_KEPT);
    for number in 0..20 {
        store.put(&ServerName::try_from(format!("host{number}.example")).unwrap(), kept[0].clone());
    }
    let of = |number| store.take(&ServerName::try_from(format!("host{number}.example")).unwrap()).is_some();
    assert_eq!((0..20).filter(|number| of(*number)).collect::<Vec<i32>>(), [17, 18, 19]);
}

/// Two threads give and take each other's tickets, in step, while a clock makes the keys change all the time. Nothing is lost: every
/// handshake after the first ones is resumed.
#[test]
fn threads_resume_each_others_sessions_while_keys_change() {
    const LIFETIME: u32 = 8;
    const ROUNDS: u64 = 400;
    let provider = Provider::auto();
    let clock = Arc::new(HandClock::default());
    let tickets: Arc<dyn Tickets> = Arc::new(TicketKeys::new(provider, LIFETIME).unwrap());
    let server = server(provider, KIND, |builder| builder.tickets(tickets).clock(clock.clone()));
    let new_client = |()| {
        let store = Arc::new(MemoryTickets::default());
        client(provider, KIND, |builder| builder.tickets(store).clock(clock.clone()))
    };
    let clients = [(), ()].map(new_client);
    for client in &clients {
        handshake(client, &server, localhost()).unwrap();
    }
    let step = Barrier::new(2);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (clients, server, clock, step) = (&clients, &server, &clock, &step);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    if step.wait().is_leader() {
                        clock.0.fetch_add(1, Ordering::Relaxed);
                    }
                    step.wait();
                    let client = &clients[(thread + round as usize) % 2];
                    assert!(handshake(client, server, localhost()).unwrap().is_resumed(), "in round {round}");
                }
            });
        }
    });
    assert_eq!(clock.0.load(Ordering::Relaxed), ROUNDS, "the keys have changed {} times", ROUNDS / u64::from(LIFETIME));
}

#[test]
fn tickets_do_not_show_themselves() {
    let provider = Provider::auto();
    let (_, tickets) = kinds(provider).into_iter().next().unwrap();
    let ends = Ends::new(provider, &tickets);
    ends.handshake();
    let ticket = ends.store.take(&localhost()).unwrap();
    let shown = format!("{ticket:?}");
    assert!(shown.contains("ticket_bytes") && shown.len() < 200, "{shown}");
    assert!(!shown.contains(&format!("{:?}", &ticket.ticket[..4]).trim_matches(['[', ']']).to_owned()), "{shown}");
}
