//! The script of a server, against a client of the engine.

use std::sync::Arc;

use tls_engine::codes::{CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use tls_engine::conn::ClientConfig;
use tls_engine::crypto::{Completed, Provider, Random, SigningKey, Suite};
use tls_engine::internal::keys::TrafficSecret;
use tls_engine::internal::msgs::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, Signer, signed_content};
use tls_engine::mem::{Digest, Secret, SharedSecret};

use super::certified::{self, Certified};
use super::draft::{ExtensionList, ServerHelloDraft, message, numbers, share};
use super::keys::{Keys, early_secret};
use super::{Script, Secrets, Wire, update};
use crate::support::localhost;
use crate::support::peer::Peer;
use crate::support::pki::Identity;

/// A server that does as it is told.
pub struct ScriptedServer {
    pub wire: Wire,
    pub provider: &'static Provider,
    /// Where its private keys come from.
    pub random: &'static dyn Random,
    pub suite: Suite,
    pub identity: &'static Identity,
    /// The PSK that a ServerHello selects: the first that the client has offered.
    pub psk: Option<Secret>,
    signer: Arc<dyn SigningKey>,
    /// What the key exchange of the last ServerHello has agreed on.
    answered: Option<SharedSecret>,
    /// The newest ClientHello.
    pub client_hello: Vec<u8>,
    transcript: Vec<u8>,
    shared: Option<SharedSecret>,
    handshake: Option<Secrets>,
    application: Option<Secrets>,
}

impl ScriptedServer {
    /// A server that has got the hello of a client with `config`, which connects to localhost.
    pub fn new(provider: &'static Provider, config: &Arc<ClientConfig>, identity: &'static Identity) -> Self {
        let subject = Peer::client(config, localhost()).expect("a ClientHello");
        let suite = *provider.suite(CipherSuite::AES_128_GCM_SHA256).expect("the suite every provider has");
        let mut server = Self {
            wire: Wire::new(subject),
            provider,
            random: provider.random,
            suite,
            identity,
            psk: None,
            signer: (provider.load_key)(&identity.key).expect("a key that loads"),
            answered: None,
            client_hello: Vec::new(),
            transcript: Vec::new(),
            shared: None,
            handshake: None,
            application: None,
        };
        server.absorb();
        server
    }

    /// The session id of the client's hello.
    pub fn session_id(&self) -> Vec<u8> {
        self.parsed_hello().session_id.to_vec()
    }

    /// The client's share for `group`.
    pub fn client_share(&self, group: NamedGroup) -> Option<Vec<u8>> {
        let shares = self.parsed_hello().key_shares?;
        shares.iter().find(|share| share.group == group).map(|share| share.key.to_vec())
    }

    /// Whether the client's hello brings `cookie` back.
    pub fn brought_cookie(&self) -> Option<Vec<u8>> {
        self.parsed_hello().cookie.map(<[u8]>::to_vec)
    }

    fn parsed_hello(&self) -> ClientHello<'_> {
        ClientHello::decode(&self.client_hello[4..]).expect("the engine's own hello")
    }

    /// The right ServerHello, with a fresh share for `group`: an answer to the client's, if it has one.
    pub fn hello(&mut self, group: NamedGroup) -> ServerHelloDraft {
        let part = self.provider.group(group).expect("a group every provider has");
        let answer = match self.client_share(group) {
            Some(asked) => part.start_and_complete(&asked, self.random).expect("a share of the right form"),
            None => {
                let share = part.start(self.random).expect("a key exchange").share().to_vec();
                Completed { share, secret: SharedSecret::zeroed(0) }
            }
        };
        let mut extensions = ExtensionList::default();
        extensions.set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[0x0304]));
        extensions.set(ExtensionType::KEY_SHARE, share(group.0, &answer.share));
        if self.psk.is_some() {
            extensions.set(ExtensionType::PRE_SHARED_KEY, numbers(&[0]));
        }
        self.answered = Some(answer.secret);
        self.draft([0x53; 32], extensions)
    }

    /// The right HelloRetryRequest for `group`.
    pub fn retry(&self, group: NamedGroup) -> ServerHelloDraft {
        let mut extensions = ExtensionList::default();
        extensions.set(ExtensionType::SUPPORTED_VERSIONS, numbers(&[0x0304]));
        extensions.set(ExtensionType::KEY_SHARE, numbers(&[group.0]));
        self.draft(HELLO_RETRY_REQUEST_RANDOM, extensions)
    }

    fn draft(&self, random: [u8; 32], extensions: ExtensionList) -> ServerHelloDraft {
        ServerHelloDraft {
            legacy_version: 0x0303,
            random,
            session_id: self.session_id(),
            cipher_suite: self.suite.code.0,
            compression_method: 0,
            extensions: Some(extensions),
        }
    }

    /// Sends a ServerHello. Where the client takes it, both have keys.
    pub fn send_hello(&mut self, hello: &ServerHelloDraft) {
        let message = hello.encode();
        self.transcript.extend_from_slice(&message);
        self.plain(ContentType::HANDSHAKE, &message);
    }

    /// The right ServerHello without a key exchange, where a PSK is enough.
    pub fn hello_without_share(&mut self) -> ServerHelloDraft {
        let mut hello = self.hello(NamedGroup::X25519);
        hello.extensions().remove(ExtensionType::KEY_SHARE);
        self.answered = Some(SharedSecret::zeroed(self.suite.hash.output_len()));
        hello
    }

    /// Sends a ServerHello after `change`.
    pub fn send_hello_with(&mut self, change: impl FnOnce(&mut ServerHelloDraft)) {
        let mut hello = self.hello(NamedGroup::X25519);
        change(&mut hello);
        self.send_hello(&hello);
    }

    /// Sends the right ServerHello in records of `piece_len` bytes, and makes keys.
    pub fn accept(&mut self, group: NamedGroup, piece_len: usize) {
        let hello = self.hello(group);
        self.accept_as(group, &hello, piece_len);
    }

    /// Sends the right ServerHello without a key exchange, and makes keys.
    pub fn accept_without_share(&mut self) {
        let hello = self.hello_without_share();
        self.accept_as(NamedGroup::X25519, &hello, usize::MAX);
    }

    /// Sends the right ServerHello after a change that a client has to take.
    pub fn accept_with(&mut self, group: NamedGroup, change: impl FnOnce(&mut ServerHelloDraft)) {
        let mut hello = self.hello(group);
        change(&mut hello);
        self.accept_as(group, &hello, usize::MAX);
    }

    fn accept_as(&mut self, group: NamedGroup, hello: &ServerHelloDraft, piece_len: usize) {
        let hello = hello.encode();
        self.message_in_pieces(&hello, piece_len);
        self.set_handshake_keys(group, &hello);
    }

    /// Makes the keys that follow `hello`, the message with the last share for `group`.
    pub fn set_handshake_keys(&mut self, group: NamedGroup, hello: &[u8]) {
        assert!(self.client_share(group).is_some(), "a share of the client's");
        let shared = self.answered.take().expect("a share of this side");
        self.transcript.extend_from_slice(hello);
        let early = early_secret(self.suite.hash, self.psk.as_ref());
        let handshake = early.into_handshake(&shared).derive(&self.digest());
        let secrets = Secrets::of([&handshake.client, &handshake.server]);
        self.wire.read = Some(Keys::new(self.suite, &secrets.client));
        self.wire.write = Some(Keys::new(self.suite, &secrets.server));
        self.handshake = Some(secrets);
        self.shared = Some(shared);
    }

    /// Opens what comes with the keys of early data, which the client's PSK is for.
    pub fn set_early_keys(&mut self) {
        self.set_early_keys_of(self.suite);
    }

    /// The same, of the ticket's suite where another was chosen.
    pub fn set_early_keys_of(&mut self, suite: Suite) {
        let early = early_secret(suite.hash, self.psk.as_ref());
        let secret = early.client_traffic(&suite.hash.digest(&[&self.client_hello]));
        self.wire.read = Some(Keys::new(suite, secret.secret()));
    }

    /// Sends a HelloRetryRequest, and takes the second ClientHello.
    pub fn send_retry(&mut self, retry: &ServerHelloDraft) {
        let digest = self.digest();
        let retry = retry.encode();
        self.transcript = message(HandshakeType::MESSAGE_HASH, digest.as_bytes());
        self.transcript.extend_from_slice(&retry);
        self.plain(ContentType::HANDSHAKE, &retry);
    }

    /// EncryptedExtensions with nothing in them.
    pub fn encrypted_extensions(&self) -> Vec<u8> {
        message(HandshakeType::ENCRYPTED_EXTENSIONS, &ExtensionList::default().encode())
    }

    /// The right Certificate.
    pub fn certificate(&self) -> Vec<u8> {
        certified::certificate(self.identity)
    }

    /// The right CertificateVerify.
    pub fn certificate_verify(&self) -> Vec<u8> {
        self.certificate_verify_as(self.signer.schemes()[0], Signer::Server)
    }

    /// A right signature of the wrong party, or called by another name.
    pub fn certificate_verify_as(&self, scheme: SignatureScheme, signer: Signer) -> Vec<u8> {
        certified::certificate_verify(&*self.signer, self.random, scheme, &signed_content(signer, &self.digest()))
    }

    /// The right Finished.
    pub fn finished(&self) -> Vec<u8> {
        let secret = &self.handshake.as_ref().expect("keys").server;
        let keys = TrafficSecret::new(self.suite.hash, secret.clone()).handshake_keys(self.suite.aead);
        message(HandshakeType::FINISHED, keys.finished.mac(&self.digest()).as_bytes())
    }

    /// Sends the next of EncryptedExtensions, Certificate, CertificateVerify and Finished, `count` of them.
    pub fn send_flight(&mut self, count: usize) {
        let next: [fn(&Self) -> Vec<u8>; 4] =
            [Self::encrypted_extensions, Self::certificate, Self::certificate_verify, Self::finished];
        for make in &next[..count] {
            let message = make(self);
            self.message(&message);
        }
    }

    /// Sends EncryptedExtensions to Finished as one stream of bytes, in records of `piece_len` bytes of it.
    pub fn send_flight_in_pieces(&mut self, piece_len: usize) {
        self.send_flight_cut(|flight| flight.chunks(piece_len.min(1 << 14)).collect());
    }

    /// The same in records that `cut` makes of it.
    pub fn send_flight_cut(&mut self, cut: impl FnOnce(&[u8]) -> Vec<&[u8]>) {
        let before = self.transcript.len();
        for make in [Self::encrypted_extensions, Self::certificate, Self::certificate_verify, Self::finished] {
            let message = make(self);
            self.transcript.extend(message);
        }
        let flight = self.transcript[before..].to_vec();
        let records: Vec<u8> =
            cut(&flight).into_iter().flat_map(|piece| self.protect(ContentType::HANDSHAKE, piece)).collect();
        self.set_application_keys();
        self.send(&records);
    }

    /// Goes from the client's hello to the end of the handshake.
    pub fn complete(&mut self) {
        self.accept(NamedGroup::X25519, usize::MAX);
        self.send_flight(4);
        assert!(self.wire.subject.connection.is_ready(), "{:?}", self.wire.error);
    }

    fn digest(&self) -> Digest {
        self.suite.hash.digest(&[&self.transcript])
    }

    fn set_application_keys(&mut self) {
        let shared = self.shared.as_ref().expect("a shared secret");
        let digest = self.digest();
        let handshake = early_secret(self.suite.hash, self.psk.as_ref()).into_handshake(shared);
        let secrets = Secrets::of(handshake.derive(&digest).master.traffic(&digest).each_ref());
        self.wire.write = Some(Keys::new(self.suite, &secrets.server));
        self.application = Some(secrets);
    }
}

impl Certified for ScriptedServer {
    const SIGNER: Signer = Signer::Server;

    fn identity(&self) -> &'static Identity {
        self.identity
    }

    fn certificate_verify_as(&self, scheme: SignatureScheme, signer: Signer) -> Vec<u8> {
        Self::certificate_verify_as(self, scheme, signer)
    }
}

impl Script for ScriptedServer {
    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    fn on_message(&mut self, message: &[u8]) {
        match HandshakeType(message[0]) {
            HandshakeType::CLIENT_HELLO => {
                self.client_hello = message.to_vec();
                self.transcript.extend_from_slice(message);
            }
            HandshakeType::KEY_UPDATE => update(&mut self.wire.read),
            HandshakeType::FINISHED => {
                let secret = &self.application.as_ref().expect("this side's Finished").client;
                self.wire.read = Some(Keys::new(self.suite, secret));
            }
            _ => {}
        }
    }

    fn on_own_message(&mut self, message: &[u8]) {
        match HandshakeType(message[0]) {
            HandshakeType::SERVER_HELLO => {}
            HandshakeType::KEY_UPDATE => update(&mut self.wire.write),
            HandshakeType::FINISHED => {
                self.transcript.extend_from_slice(message);
                self.set_application_keys();
            }
            _ => self.transcript.extend_from_slice(message),
        }
    }
}
