use std::hint::black_box;

use tls_engine::crypto::Suite;
use tls_engine::internal::keys::{EarlySecret, Transcript};
use tls_engine::limits::{HANDSHAKE_HEADER, RECORD_HEADER};
use tls_engine::mem::SharedSecret;

use crate::measure::RECORD_OVERHEAD;
use crate::schema::Side;

/// The length of a ServerHello (RFC 8446 4.1.3) with a session id, the version and a key share, bytes: typical of the
/// groups. If it is off, the messages after it are longer or shorter by as much; all of them are hashed.
const SERVER_HELLO: usize = 122;
/// The length of a HelloRetryRequest (RFC 8446 4.1.4) with a session id, the version and a group, bytes.
const HELLO_RETRY_REQUEST: usize = 88;

/// Everything that a side hashes and derives in a handshake (RFC 8446 4.4.1, 7.1 and 7.3): the same number and kinds of
/// operations, over as many bytes as were sent.
pub(super) struct Schedule {
    suite: Suite,
    /// The first ClientHello and the HelloRetryRequest, if there is one.
    retried: Option<[Vec<u8>; 2]>,
    client_hello: Vec<u8>,
    server_hello: Vec<u8>,
    /// EncryptedExtensions, Certificate and CertificateVerify.
    flight: [Vec<u8>; 3],
    /// The Finished message of either side.
    finished: Vec<u8>,
}

impl Schedule {
    /// The schedule of handshakes in which client and server send this many bytes; with `hello_retry` after a HelloRetryRequest.
    pub(super) fn new(suite: &Suite, wire_bytes: [u64; 2], hello_retry: bool) -> Self {
        let [client, server] = wire_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(0));
        let finished = HANDSHAKE_HEADER + suite.hash.output_len();
        let mut client_hello = client.saturating_sub(RECORD_HEADER + RECORD_OVERHEAD + finished);
        let mut hellos = RECORD_HEADER + SERVER_HELLO;
        // Only the total length matters, because a hash accepts any division of its input.
        let message = |len: usize| vec![0x16; len];
        let retried = hello_retry.then(|| {
            hellos += RECORD_HEADER + HELLO_RETRY_REQUEST;
            client_hello = client_hello.saturating_sub(RECORD_HEADER) / 2;
            [message(client_hello), message(HELLO_RETRY_REQUEST)]
        });
        let flight = server.saturating_sub(hellos + RECORD_OVERHEAD + finished);
        let (extensions, signature) = (flight / 100, flight / 8);
        Self {
            suite: *suite,
            retried,
            client_hello: message(client_hello),
            server_hello: message(SERVER_HELLO),
            flight: [extensions, flight - extensions - signature, signature].map(message),
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
        transcript.add(&self.client_hello);
        transcript.add(&self.server_hello);
        let hellos = transcript.current();
        let handshake = EarlySecret::without_psk(hash).into_handshake(shared).derive(&hellos);
        let [client, server] =
            [&handshake.client, &handshake.server].map(|secret| black_box(secret.handshake_keys(self.suite.aead)));
        let [extensions, certificate, signature] = &self.flight;
        transcript.add(extensions);
        transcript.add(certificate);
        // The transcript hash that is signed, and below those that the two MACs cover.
        black_box(transcript.current());
        transcript.add(signature);
        black_box(server.finished.mac(&transcript.current()));
        transcript.add(&self.finished);
        for secret in handshake.master.traffic(&transcript.current()) {
            black_box(secret.keys(self.suite.aead));
        }
        black_box(client.finished.mac(&transcript.current()));
        if side == Side::Client {
            // Only a server that sends tickets needs it.
            transcript.add(&self.finished);
            black_box(handshake.master.resumption(&transcript.current()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::Arc;

    use tls_engine::codes::NamedGroup;
    use tls_engine::conn::{ClientConfig, ServerConfig};
    use tls_engine::crypto::{Expansion, Hash, HashContext, Origin, Provider};
    use tls_engine::mem::{BufferPool, Digest, PoolOptions, Secret};
    use tls_engine::pki::ServerVerifier;
    use tls_engine::switches::Switches;

    use crate::identity::Identity;
    use crate::library::{Engine, HandshakeKind};
    use crate::workload::handshake_driver::{Observer, drive_handshake};
    use crate::workload::link::Memory;

    /// The operations of a hash by kind, and the bytes hashed incrementally.
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
            note(|tally| tally.currents += 1);
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
        let kinds = [HandshakeKind::Full, HandshakeKind::HelloRetry];
        for (suite, kind) in provider.suites.iter().flat_map(|suite| kinds.map(|kind| (suite, kind))) {
            let groups: Vec<NamedGroup> = provider.default_groups().map(|group| group.name()).collect();
            let verifier = ServerVerifier::new(std::slice::from_ref(&authority.certificate)).expect("a verifier");
            let client = ClientConfig::builder(provider)
                .suites(&[suite.code])
                .groups(&kind.client_groups(&groups))
                .verifier(verifier);
            let key = identity.certified_key(provider).expect("a key");
            let server = ServerConfig::builder(provider)
                .suites(&[suite.code])
                .groups(kind.server_groups(&groups))
                .certificate(key);
            let configs = Engine {
                client: client.build().expect("a client"),
                server: server.build().expect("a server"),
                name: "localhost".try_into().expect("a name"),
                pool: BufferPool::new(Switches::default().buffer_pool, PoolOptions::default()),
            };
            let configs = Arc::new(configs);
            let mut tallies = SideCounts::default();
            let established = drive_handshake((&*configs, &*configs), &mut Memory, &mut tallies).expect("a handshake");
            assert_eq!(established.hello_retry, kind == HandshakeKind::HelloRetry);
            let schedule = Schedule::new(suite, established.wire_bytes, established.hello_retry);
            let shared = SharedSecret::zeroed(32);
            for (side, engine) in [Side::Client, Side::Server].into_iter().zip(tallies.0) {
                let ((), bare) = tally(|| schedule.derive(side, &shared));
                let operations = |tally: Tally| Tally { hashed_bytes: 0, currents: 0, ..tally };
                assert_eq!(operations(bare), operations(engine), "{} {kind:?} {side:?}", suite.code);
                assert!(bare.currents <= engine.currents, "{} {kind:?} {side:?}: {bare:?} {engine:?}", suite.code);
                let ratio = bare.hashed_bytes as f64 / engine.hashed_bytes as f64;
                assert!((0.9..1.1).contains(&ratio), "{} {kind:?} {side:?}: {bare:?} {engine:?}", suite.code);
            }
        }
    }
}
