//! Conversations, recorded.

use std::sync::Arc;

use tls_engine::codes::NamedGroup;
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::Provider;
use tls_engine::limits::RECORD_CONTENT_MAX;
use tls_engine::pki::{CertifiedKey, ClientVerifier};
use tls_engine::switches::Switches;

use crate::actor::{Act, Actor, Outcome, Part, When};
use crate::support::pki::{KeyKind, Pki};
use crate::support::seeded::{self, CLIENT, SERVER, stopped_clock};
use crate::support::{client, server};

/// Ed25519, as its signatures do not depend on randomness, and are quick to verify.
pub const KIND: KeyKind = KeyKind::Ed25519;

/// The provider all of whose randomness comes from where the test says.
pub fn exact_provider() -> &'static Provider {
    Provider::by_name("rustcrypto").expect("the provider of the tests")
}

/// Two ends, and what they do.
#[derive(Clone)]
pub struct Play {
    pub retry: bool,
    /// The group that the client has a share of at once, or after a retry.
    pub group: NamedGroup,
    /// Whether the server asks for the client's certificate.
    pub asks: bool,
    /// The longest content of a record.
    pub max_fragment: usize,
    pub switches: Switches,
    pub client_part: Part,
    pub server_part: Part,
}

/// What each end has sent and seen.
pub struct Recording {
    pub play: Play,
    pub client: Outcome,
    pub server: Outcome,
}

impl Play {
    /// A conversation of few bytes, in which everything happens.
    pub fn short(retry: bool) -> Self {
        Self::new(retry, [1, 300, 60])
    }

    /// The same with records that are full, just not full, and just over.
    pub fn long(retry: bool) -> Self {
        Self::new(retry, [16_384, 16_383, 40_000])
    }

    fn new(retry: bool, sizes: [usize; 3]) -> Self {
        let [a, b, c] = sizes;
        let total = a + b + c;
        let client_part = vec![
            (When::Ready, vec![Act::Write(a), Act::Write(b), Act::UpdateKeys(false), Act::Write(c)]),
            (When::Received(total), vec![Act::UpdateKeys(true), Act::Write(b)]),
            (When::Received(total + c), vec![Act::Close]),
        ];
        let server_part = vec![
            (When::Ready, vec![Act::Write(b), Act::UpdateKeys(true), Act::Write(c)]),
            (When::Received(total), vec![Act::Write(a)]),
            (When::Received(total + b), vec![Act::UpdateKeys(false), Act::Write(c)]),
            (When::Closed, vec![Act::Close]),
        ];
        let group = if retry { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
        let max_fragment = RECORD_CONTENT_MAX;
        Self { retry, group, asks: false, max_fragment, switches: Switches::all(), client_part, server_part }
    }

    /// A short conversation in which both ends show a certificate, in records that are shorter than these.
    pub fn certified(retry: bool) -> Self {
        Self { asks: true, max_fragment: 500, ..Self::short(retry) }
    }

    /// A short conversation whose hellos are longer than several records.
    pub fn hybrid(retry: bool) -> Self {
        Self { group: NamedGroup::X25519_MLKEM768, max_fragment: 500, ..Self::short(retry) }
    }

    fn first_group(&self) -> NamedGroup {
        if self.retry { NamedGroup::X25519 } else { self.group }
    }

    fn client_config(&self) -> Arc<ClientConfig> {
        client(exact_provider(), KIND, |builder| {
            let identity = Pki::shared_client(KIND);
            let key = CertifiedKey::new(exact_provider(), identity.chain.clone(), &identity.key).expect("a key");
            let builder = if self.asks { builder.certificate(key) } else { builder };
            let builder = builder.random(&CLIENT).clock(stopped_clock()).alpn(&[b"h2", b"http/1.1"]);
            let builder = builder.switches(self.switches).max_fragment(self.max_fragment);
            let other = [NamedGroup::X25519, NamedGroup::SECP256R1].into_iter().find(|group| *group != self.group);
            let groups: Vec<_> = [self.group].into_iter().chain(other).collect();
            builder.groups(&groups).key_share_groups(&[self.first_group()])
        })
    }

    fn server_config(&self) -> Arc<ServerConfig> {
        server(exact_provider(), KIND, |builder| {
            let verifier = ClientVerifier::new(&[Pki::shared(KIND).root()]).expect("a root");
            let builder = if self.asks { builder.client_verifier(verifier) } else { builder };
            let builder = builder.random(&SERVER).clock(stopped_clock()).alpn(&[b"http/1.1"]);
            let builder = builder.switches(self.switches).max_fragment(self.max_fragment);
            builder.groups(&[self.group]).cookie(self.retry)
        })
    }

    /// Runs it once, with both ends.
    pub fn record(self) -> Recording {
        seeded::rewind();
        let mut client = Actor::client(&self.client_config(), self.client_part.clone());
        let mut server = Actor::server(&self.server_config(), self.server_part.clone());
        let (mut from_client, mut from_server) = (0, 0);
        loop {
            let to_server = client.sent_since(from_client);
            let to_client = server.sent_since(from_server);
            if to_server.is_empty() && to_client.is_empty() {
                break;
            }
            from_client += to_server.len();
            from_server += to_client.len();
            server.feed(&to_server);
            client.feed(&to_client);
        }
        let recording = Recording { play: self, client: client.outcome(), server: server.outcome() };
        recording.check();
        recording
    }
}

/// How bytes are cut: into parts that together are all of them.
pub type Cut<'a> = &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>;

impl Recording {
    /// That the conversation is the one that was meant.
    fn check(&self) {
        for (end, other) in [(&self.client, &self.server), (&self.server, &self.client)] {
            assert_eq!((&end.error, end.closed, &end.end_of_input), (&None, true, &Ok(())));
            assert_eq!(end.opened.bytes, other.sealed.bytes);
            assert_eq!(end.opened.key_updates, other.sealed.key_updates);
            assert!(end.opened.key_updates >= 2 && !end.received.is_empty());
        }
        assert_eq!(self.client.negotiated, self.server.negotiated);
        let negotiated = self.client.negotiated.as_ref().expect("a handshake");
        assert_eq!((negotiated.group, negotiated.hello_retry), (Some(self.play.group), self.play.retry));
        assert_eq!(!negotiated.client_certificate.chain().is_empty(), self.play.asks);
    }

    /// The client has the conversation again, with the server's bytes cut.
    #[track_caller]
    pub fn replay_client(&self, cut: Cut<'_>) {
        seeded::rewind();
        let actor = Actor::client(&self.play.client_config(), self.play.client_part.clone());
        replay(actor, &self.server.sent, cut, &self.client);
    }

    /// The server has the conversation again, with the client's bytes cut.
    #[track_caller]
    pub fn replay_server(&self, cut: Cut<'_>) {
        seeded::rewind();
        let actor = Actor::server(&self.play.server_config(), self.play.server_part.clone());
        replay(actor, &self.client.sent, cut, &self.server);
    }
}

#[track_caller]
fn replay(mut actor: Actor, bytes: &[u8], cut: Cut<'_>, expected: &Outcome) {
    let parts = cut(bytes);
    assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), bytes.len(), "all bytes are sent");
    for part in &parts {
        actor.feed(part);
    }
    let outcome = actor.outcome();
    if outcome != *expected {
        let lengths: Vec<usize> = parts.iter().map(Vec::len).take(20).collect();
        let (sent, received) = (outcome.sent == expected.sent, outcome.received == expected.received);
        panic!("cut to {lengths:?}: same sent {sent}, same received {received}, error {:?}", outcome.error);
    }
}
