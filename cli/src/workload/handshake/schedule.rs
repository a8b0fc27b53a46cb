use std::hint::black_box;

use tls_engine::crypto::Suite;
use tls_engine::internal::keys::{EarlySecret, MasterSecret, PskOrigin, PskSecret, Transcript, resumption_psk};
use tls_engine::limits::{HANDSHAKE_HEADER, RECORD_HEADER};
use tls_engine::mem::{Digest, Secret, SharedSecret};

use crate::library::{EARLY_DATA, HandshakeKind};
use crate::measure::RECORD_OVERHEAD;
use crate::schema::Side;

/// The length of a ServerHello (RFC 8446 4.1.3) with a session id, the version and a key share, bytes: typical of the
/// groups. If it is off, the messages after it are longer or shorter by as much; all of them are hashed.
const SERVER_HELLO: usize = 122;
/// The length of a HelloRetryRequest (RFC 8446 4.1.4) with a session id, the version and a group, bytes.
const HELLO_RETRY_REQUEST: usize = 88;

/// The length of EncryptedExtensions (RFC 8446 4.3.1) with a PSK, bytes: without extensions, typically.
const ENCRYPTED_EXTENSIONS: usize = HANDSHAKE_HEADER + 2;

/// Everything that a side hashes and derives in a handshake (RFC 8446 4.4.1, 7.1 and 7.3): the same number and kinds of
/// operations, over as many bytes as were sent.
pub(super) struct Schedule {
    suite: Suite,
    /// The first ClientHello and the HelloRetryRequest, if there is one.
    retried: Option<[Vec<u8>; 2]>,
    /// The PSK that stands for a certificate, if one does, and what is derived from it. A client does that once for all its connections
    /// with the same external PSK.
    psk: Option<(Secret, PskOrigin, PskSecret)>,
    /// Whether the server gives a ticket.
    gives_ticket: bool,
    /// Whether early data is sent with it.
    early_data: bool,
    client_hello: Vec<u8>,
    server_hello: Vec<u8>,
    /// EncryptedExtensions, and without a PSK Certificate and CertificateVerify.
    flight: Vec<Vec<u8>>,
    /// The Finished message of either side.
    finished: Vec<u8>,
}

impl Schedule {
    /// The schedule of handshakes of a kind, in which client and server send this many bytes.
    pub(super) fn new(suite: &Suite, wire_bytes: [u64; 2], kind: HandshakeKind) -> Self {
        let [client, server] = wire_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(0));
        let finished = HANDSHAKE_HEADER + suite.hash.output_len();
        let mut client_hello = client.saturating_sub(RECORD_HEADER + RECORD_OVERHEAD + finished);
        let mut hellos = RECORD_HEADER + SERVER_HELLO;
        // Only the total length matters, because a hash accepts any division of its input.
        let message = |len: usize| vec![0x16; len];
        let early_data = kind == HandshakeKind::EarlyData;
        if early_data {
            // Its record, and that of EndOfEarlyData.
            let early = RECORD_OVERHEAD + EARLY_DATA.len() + RECORD_OVERHEAD + HANDSHAKE_HEADER;
            client_hello = client_hello.saturating_sub(early);
        }
        let retried = (kind == HandshakeKind::HelloRetry).then(|| {
            hellos += RECORD_HEADER + HELLO_RETRY_REQUEST;
            client_hello = client_hello.saturating_sub(RECORD_HEADER) / 2;
            [message(client_hello), message(HELLO_RETRY_REQUEST)]
        });
        let flight = server.saturating_sub(hellos + RECORD_OVERHEAD + finished);
        let (extensions, signature) = (flight / 100, flight / 8);
        let origin = match kind {
            HandshakeKind::Psk => Some(PskOrigin::External),
            _ => kind.is_resumed().then_some(PskOrigin::Ticket),
        };
        let flight = if origin.is_some() {
            // What else the server sends are tickets, which no hash covers.
            vec![ENCRYPTED_EXTENSIONS]
        } else {
            vec![extensions, flight - extensions - signature, signature]
        };
        Self {
            suite: *suite,
            retried,
            psk: origin.map(|origin| {
                let psk = Secret::zeroed(suite.hash.output_len());
                let derived = PskSecret::new(suite.hash, &psk, origin);
                (psk, origin, derived)
            }),
            gives_ticket: kind.is_resumed(),
            early_data,
            client_hello: message(client_hello),
            server_hello: message(SERVER_HELLO),
            flight: flight.into_iter().map(message).collect(),
            finished: message(finished),
        }
    }

    /// Performs the hashing and derivations of a side, from the shared secret.
    pub(super) fn derive(&self, side: Side, shared: &SharedSecret) {
        let hash = self.suite.hash;
        let mut transcript = match &self.retried {
            None => Transcript::new(hash),
            Some([first_hello, retry]) => {
                let mut transcript = Transcript::retried(hash, first_hello);
                transcript.add(retry);
                transcript
            }
        };
        let early = match &self.psk {
            None => {
                transcript.add(&self.client_hello);
                EarlySecret::without_psk(hash)
            }
            Some((_, PskOrigin::External, derived)) if side == Side::Client => {
                self.bind(side, derived, &mut transcript)
            }
            Some((psk, origin, _)) => self.bind(side, &PskSecret::new(hash, psk, *origin), &mut transcript),
        };
        transcript.add(&self.server_hello);
        let handshake = early.into_handshake(shared).derive(&transcript.current());
        let [client, server] =
            [&handshake.client, &handshake.server].map(|secret| black_box(secret.handshake_keys(self.suite.aead)));
        for (number, message) in self.flight.iter().enumerate() {
            if number == 2 {
                // The transcript hash that is signed.
                black_box(transcript.current());
            }
            transcript.add(message);
        }
        // The transcript hash that the MAC covers.
        black_box(server.finished.mac(&transcript.current()));
        transcript.add(&self.finished);
        for secret in handshake.master.traffic(&transcript.current()) {
            black_box(secret.keys(self.suite.aead));
        }
        if self.early_data {
            transcript.add(&[0; HANDSHAKE_HEADER]);
        }
        black_box(client.finished.mac(&transcript.current()));
        // Of a server, what its tickets come from: not all have any.
        if side == Side::Client || self.gives_ticket {
            transcript.add(&self.finished);
            self.derive_psk(&handshake.master, &transcript.current());
        }
    }

    /// What a PSK adds up to the ServerHello (RFC 8446 4.2.11.2).
    fn bind(&self, side: Side, secret: &PskSecret, transcript: &mut Transcript) -> EarlySecret {
        let hash = self.suite.hash;
        let binders = (2 + 1 + hash.output_len()).min(self.client_hello.len());
        let (before, binders) = self.client_hello.split_at(self.client_hello.len() - binders);
        let early_messages = if side == Side::Client {
            // Which hash the transcript has is not known yet.
            black_box(secret.binder(&hash.digest(&[before])));
            transcript.add(&self.client_hello);
            self.early_data.then(|| hash.digest(&[&self.client_hello]))
        } else {
            transcript.add(before);
            black_box(secret.binder(&transcript.current()));
            transcript.add(binders);
            self.early_data.then(|| transcript.current())
        };
        if let Some(hello) = early_messages {
            black_box(secret.early().client_traffic(&hello).keys(self.suite.aead));
        }
        secret.early().clone()
    }

    /// The secret that tickets come from, and where there is one, its PSK.
    fn derive_psk(&self, master: &MasterSecret, messages: &Digest) {
        let secret = black_box(master.resumption(messages));
        if self.gives_ticket {
            black_box(resumption_psk(self.suite.hash, &secret, &[0]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::Arc;

    use clap::ValueEnum as _;
    use tls_engine::codes::NamedGroup;
    use tls_engine::conn::{ClientConfig, Clock, ServerConfig, SystemClock};
    use tls_engine::crypto::{Expansion, Hash, HashContext, Origin, Provider};
    use tls_engine::mem::{BufferPool, PoolOptions};
    use tls_engine::pki::ServerVerifier;
    use tls_engine::session::{MemoryTickets, ReplayRegister, TicketKeys};
    use tls_engine::switches::Switches;
    use tls_engine::{ExternalPsk, PskHash};

    use crate::identity::Identity;
    use crate::library::{Endpoint, Engine, Negotiated};
    use crate::workload::handshake_driver::{Observer, Unobserved, drive_handshake};
    use crate::workload::link::Memory;

    /// The operations of a hash by kind, and the bytes that are hashed as messages.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    struct Tally {
        digests: u32,
        hmacs: u32,
        extracts: u32,
        expands: u32,
        currents: u32,
        hashed_bytes: usize,
    }

    thread_local! {
        static TALLY: RefCell<Tally> = RefCell::default();
    }

    fn note(change: impl FnOnce(&mut Tally)) {
        TALLY.with(|tally| change(&mut tally.borrow_mut()));
    }

    /// Counts the hash operations of `work`.
    fn tally<T>(work: impl FnOnce() -> T) -> (T, Tally) {
        TALLY.take();
        let result = work();
        (result, TALLY.take())
    }

    /// A hash that counts its operations.
    struct Told<T>(T);

    impl Hash for Told<&'static dyn Hash> {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn output_len(&self) -> usize {
            self.0.output_len()
        }

        fn origin(&self) -> Origin {
            self.0.origin()
        }

        fn start(&self) -> Box<dyn HashContext> {
            Box::new(Told(self.0.start()))
        }

        fn digest(&self, parts: &[&[u8]]) -> Digest {
            note(|tally| tally.digests += 1);
            self.0.digest(parts)
        }

        fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> Digest {
            note(|tally| tally.hmacs += 1);
            self.0.hmac(key, parts)
        }

        fn hkdf_extract(&self, salt: &[u8], input: &[u8]) -> Secret {
            note(|tally| tally.extracts += 1);
            self.0.hkdf_extract(salt, input)
        }

        fn hkdf_expand_each(&self, secret: &[u8], expansions: &mut [Expansion<'_>]) {
            note(|tally| tally.expands += expansions.len() as u32);
            self.0.hkdf_expand_each(secret, expansions);
        }
    }

    impl HashContext for Told<Box<dyn HashContext>> {
        fn update(&mut self, bytes: &[u8]) {
            note(|tally| tally.hashed_bytes += bytes.len());
            self.0.update(bytes);
        }

        fn current(&self) -> Digest {
            self.current_with(&[])
        }

        fn current_with(&self, parts: &[&[u8]]) -> Digest {
            note(|tally| {
                tally.currents += 1;
                tally.hashed_bytes += parts.iter().map(|part| part.len()).sum::<usize>();
            });
            self.0.current_with(parts)
        }
    }

    /// Counts the hash operations of each side.
    #[derive(Default)]
    struct SideCounts([Tally; 2]);

    impl Observer for SideCounts {
        fn on<T>(&mut self, side: Side, step: impl FnOnce() -> T) -> T {
            let (result, found) = tally(step);
            let sum = &mut self.0[usize::from(side == Side::Server)];
            sum.digests += found.digests;
            sum.hmacs += found.hmacs;
            sum.extracts += found.extracts;
            sum.expands += found.expands;
            sum.currents += found.currents;
            sum.hashed_bytes += found.hashed_bytes;
            result
        }
    }

    /// A provider with counting hashes, created once per process.
    fn told() -> &'static Provider {
        let real = Provider::auto();
        let suite = |suite: &Suite| Suite { hash: Box::leak(Box::new(Told(suite.hash))), ..*suite };
        Box::leak(Box::new(Provider {
            name: real.name,
            suites: real.suites.iter().map(suite).collect(),
            groups: real.groups.clone(),
            schemes: real.schemes.clone(),
            certificate_algorithms: real.certificate_algorithms.clone(),
            load_key: real.load_key,
            random: real.random,
        }))
    }

    #[test]
    fn a_side_derives_as_much_as_the_engine_has_to_and_hashes_as_many_bytes() {
        let provider = told();
        let (identity, authority) = Identity::generate().expect("an identity");
        let kinds = HandshakeKind::value_variants();
        let ticket_keys = Arc::new(TicketKeys::new(Provider::auto(), 3600).expect("keys"));
        for (suite, kind) in provider.suites.iter().flat_map(|suite| kinds.iter().map(move |kind| (suite, *kind))) {
            // Of one length each: how the bytes of two hellos are shared out is an estimate.
            let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
            let verifier = ServerVerifier::new(std::slice::from_ref(&authority.certificate)).expect("a verifier");
            let mut client = ClientConfig::builder(provider)
                .suites(&[suite.code])
                .groups(&kind.client_groups(&groups))
                .verifier(verifier);
            let key = identity.certified_key(provider).expect("a key");
            let mut server = ServerConfig::builder(provider)
                .suites(&[suite.code])
                .groups(kind.server_groups(&groups))
                .certificate(key);
            if kind.is_resumed() {
                client = client.tickets(Arc::new(MemoryTickets::default()));
                server = server.tickets(ticket_keys.clone()).tickets_sent(1);
            }
            if kind == HandshakeKind::Psk {
                let hash = PskHash::of(suite.hash).expect("a hash of a PSK");
                let psk = ExternalPsk::new(b"client", &[7; 32]).expect("a PSK").with_hash(hash);
                client = client.external_psk(psk.clone());
                server = server.external_psks([psk]);
            }
            if kind == HandshakeKind::EarlyData {
                client = client.early_data(true);
                server = server.early_data(1000, Arc::new(ReplayRegister::new(10, SystemClock.now())));
            }
            let configs = Engine {
                client: client.build().expect("a client"),
                server: server.build().expect("a server"),
                name: "localhost".try_into().expect("a name"),
                pool: BufferPool::new(Switches::default().buffer_pool, PoolOptions::default()),
            };
            let configs = Arc::new(configs);
            let ends = (&*configs, &*configs);
            if kind.is_resumed() {
                drive_handshake(ends, &mut Memory, &mut Unobserved).expect("a handshake");
            }
            let mut tallies = SideCounts::default();
            let established = drive_handshake(ends, &mut Memory, &mut tallies).expect("a handshake");
            let negotiated = established.client.negotiated().expect("an outcome");
            let told = Negotiated { hello_retry: Some(established.hello_retry), ..negotiated };
            assert_eq!(established.client.uses_external_psk(), kind == HandshakeKind::Psk);
            told.check_kind(kind).expect("the kind that was asked for");
            let schedule = Schedule::new(suite, established.wire_bytes, kind);
            let shared = SharedSecret::zeroed(32);
            for (side, engine) in [Side::Client, Side::Server].into_iter().zip(tallies.0) {
                let ((), bare) = tally(|| schedule.derive(side, &shared));
                let context = format!("{} {kind:?} {side:?}: {bare:?} {engine:?}", suite.code);
                // To give its tickets before the client's Finished, a server with early data computes that one beforehand.
                let beforehand = u32::from(kind == HandshakeKind::EarlyData && side == Side::Server);
                let expected = Tally { hmacs: bare.hmacs + beforehand, ..bare };
                let operations = |tally: Tally| Tally { hashed_bytes: 0, currents: 0, ..tally };
                assert_eq!(operations(expected), operations(engine), "{context}");
                assert!(bare.currents <= engine.currents, "{context}");
                let ratio = bare.hashed_bytes as f64 / engine.hashed_bytes as f64;
                assert!((0.9..1.1).contains(&ratio), "{context}");
            }
        }
    }
}
