//! The script of a client, against a server of the engine.

use std::sync::Arc;

use tls_engine::codes::{CipherSuite, ContentType, ExtensionType, HandshakeType, NamedGroup, SignatureScheme};
use tls_engine::conn::ServerConfig;
use tls_engine::crypto::{Exchange, Provider, Random, Suite};
use tls_engine::internal::keys::{EarlySecret, PskOrigin, TrafficSecret};
use tls_engine::internal::msgs::{HELLO_RETRY_REQUEST_RANDOM, Signer, signed_content};
use tls_engine::internal::wire::Reader;
use tls_engine::mem::{Digest, SharedSecret};
use tls_engine::session::Ticket;

use super::certified::{self, Certified};
use super::draft::{ClientHelloDraft, ExtensionList, message, numbers, server_name, share, vector8, vector16};
use super::keys::{Keys, early_secret, plain_record};
use super::psk::{self, Offer};
use super::{Script, Secrets, Wire, update};
use crate::support::peer::Peer;
use crate::support::pki::Identity;

/// A client that does as it is told.
pub struct ScriptedClient {
    pub wire: Wire,
    pub provider: &'static Provider,
    /// Where its private keys come from.
    pub random: &'static dyn Random,
    /// The ClientHello that is sent next.
    pub hello: ClientHelloDraft,
    exchange: Option<(NamedGroup, Box<dyn Exchange>)>,
    suite: Suite,
    transcript: Vec<u8>,
    /// The cookie of a HelloRetryRequest.
    pub cookie: Option<Vec<u8>>,
    /// The ticket of an earlier handshake. An identity that the server selects stands for its PSK.
    pub ticket: Option<Ticket>,
    /// What its PSK is taken for.
    pub origin: PskOrigin,
    /// Which identity the server has selected.
    pub selected_identity: Option<u16>,
    /// The hash of the hello that was sent last.
    hello_digest: Option<Digest>,
    /// The certificate that it shows where it is asked for one.
    pub identity: Option<&'static Identity>,
    handshake: Option<Secrets>,
    application: Option<Secrets>,
    server_shared: Option<SharedSecret>,
}

impl ScriptedClient {
    /// A client whose hello offers `group` with a share, and all groups without.
    pub fn new(provider: &'static Provider, config: &Arc<ServerConfig>, group: NamedGroup) -> Self {
        let suite = *provider.suite(CipherSuite::AES_128_GCM_SHA256).expect("the suite every provider has");
        let mut client = Self {
            wire: Wire::new(Peer::server(config)),
            provider,
            random: provider.random,
            hello: hello(),
            exchange: None,
            suite,
            transcript: Vec::new(),
            cookie: None,
            ticket: None,
            origin: PskOrigin::Ticket,
            selected_identity: None,
            hello_digest: None,
            identity: None,
            handshake: None,
            application: None,
            server_shared: None,
        };
        client.offer_share(group);
        client
    }

    /// Puts a fresh share for `group`, and no other, into the next hello.
    pub fn offer_share(&mut self, group: NamedGroup) {
        let part = self.provider.group(group).expect("a group every provider has");
        let exchange = part.start(self.random).expect("a key exchange");
        let content = vector16(&share(group.0, exchange.share()));
        self.hello.extensions().set(ExtensionType::KEY_SHARE, content);
        self.exchange = Some((group, exchange));
    }

    /// Sends the hello, whatever it says by now.
    pub fn send_hello(&mut self) {
        let hello = self.hello.encode();
        // The answer is only understood with the hello in the transcript.
        self.transcript.extend_from_slice(&hello);
        self.hello_digest = Some(self.digest());
        self.record(ContentType::HANDSHAKE, &hello);
    }

    /// Announces early data in the next hello, and offers the ticket with it.
    pub fn offer_early_data(&mut self) {
        self.hello.extensions().set(ExtensionType::EARLY_DATA, []);
        self.offer_ticket();
    }

    /// Goes on with the keys of early data, which the ticket is for.
    pub fn set_early_keys(&mut self) {
        let psk = &self.ticket.as_ref().expect("a ticket").psk;
        let early = early_secret(self.suite.hash, Some(psk));
        let secret = early.client_traffic(self.hello_digest.as_ref().expect("a hello"));
        self.wire.write = Some(Keys::new(self.suite, secret.secret()));
    }

    /// Goes on with the keys of the handshake.
    pub fn set_handshake_write_keys(&mut self) {
        let secrets = self.handshake.as_ref().expect("the server's flight");
        self.wire.write = Some(Keys::new(self.suite, &secrets.client));
    }

    /// Sends the hello in records of `piece_len` bytes of it.
    pub fn send_hello_in_pieces(&mut self, piece_len: usize) {
        let hello = self.hello.encode();
        self.transcript.extend_from_slice(&hello);
        self.message_in_pieces(&hello, piece_len);
    }

    /// Sends the hello in a record that claims `version`.
    pub fn send_hello_in_record_version(&mut self, version: u16) {
        let hello = self.hello.encode();
        self.transcript.extend_from_slice(&hello);
        let mut record = plain_record(ContentType::HANDSHAKE, &hello);
        record[1..3].copy_from_slice(&version.to_be_bytes());
        self.send(&record);
    }

    /// Sends a changed hello.
    pub fn send_hello_with(&mut self, change: impl FnOnce(&mut ClientHelloDraft)) {
        change(&mut self.hello);
        self.send_hello();
    }

    /// Answers a HelloRetryRequest for `group` as it should be answered.
    pub fn prepare_second_hello(&mut self, group: NamedGroup) {
        self.offer_share(group);
        if let Some(cookie) = &self.cookie {
            let content = vector16(cookie);
            self.hello.extensions().set(ExtensionType::COOKIE, content);
        }
    }

    /// Puts PSKs at the end of the next hello, which must not change any more: those without a binder get that of [`Self::ticket`].
    /// They are for a key exchange, unless the hello already has other modes.
    pub fn offer_psks(&mut self, offers: Vec<Offer>) {
        let ticket = self.ticket.as_ref().expect("a ticket");
        let modes = ExtensionType::PSK_KEY_EXCHANGE_MODES;
        if !self.hello.extensions().0.iter().any(|(known, _)| *known == modes) {
            self.hello.extensions().set(modes, vector8(&[1]));
        }
        psk::offer(self.provider, &mut self.hello, &self.transcript, (ticket, self.origin), offers);
    }

    /// The same with nothing but the ticket.
    pub fn offer_ticket(&mut self) {
        let offer = Offer::of(self.ticket.as_ref().expect("a ticket"));
        self.offer_psks(vec![offer]);
    }

    /// The right Certificate.
    pub fn certificate(&self) -> Vec<u8> {
        certified::certificate(self.identity())
    }

    /// The right CertificateVerify.
    pub fn certificate_verify(&self) -> Vec<u8> {
        let key = (self.provider.load_key)(&self.identity().key).expect("a key that loads");
        self.certificate_verify_as(key.schemes()[0], Signer::Client)
    }

    /// The right Finished.
    pub fn finished(&self) -> Vec<u8> {
        let secret = &self.handshake.as_ref().expect("the server's flight").client;
        let keys = TrafficSecret::new(self.suite.hash, secret.clone()).handshake_keys(self.suite.aead);
        message(HandshakeType::FINISHED, keys.finished.mac(&self.digest()).as_bytes())
    }

    /// Goes from the hello to the end of the handshake.
    pub fn complete(&mut self) {
        self.send_hello();
        if self.identity.is_some() {
            let certificate = self.certificate();
            self.message(&certificate);
            let verify = self.certificate_verify();
            self.message(&verify);
        }
        let finished = self.finished();
        self.message(&finished);
        assert!(self.wire.subject.connection.is_ready(), "{:?}", self.wire.error);
    }

    fn digest(&self) -> Digest {
        self.suite.hash.digest(&[&self.transcript])
    }

    fn on_server_hello(&mut self, body: &[u8]) {
        let answer = Answer::read(body);
        let code = CipherSuite(answer.cipher_suite);
        self.suite = *self.provider.suite(code).expect("a suite that was offered");
        if answer.is_retry {
            return self.on_retry(answer.cookie, body);
        }
        self.transcript.extend(message(HandshakeType::SERVER_HELLO, body));
        let exchange = self.exchange.take();
        let shared = match answer.share {
            Some((selected, key)) => {
                let (group, exchange) = exchange.expect("a share that was sent");
                assert_eq!(selected, group);
                exchange.complete(&key).expect("a share of the right form")
            }
            // A PSK alone (RFC 8446 7.1).
            None => SharedSecret::zeroed(self.suite.hash.output_len()),
        };
        self.selected_identity = answer.selected_identity;
        self.set_handshake_keys(shared);
    }

    fn on_retry(&mut self, cookie: Option<Vec<u8>>, body: &[u8]) {
        let digest = self.digest();
        self.transcript = message(HandshakeType::MESSAGE_HASH, digest.as_bytes());
        self.transcript.extend(message(HandshakeType::SERVER_HELLO, body));
        self.cookie = cookie;
    }

    fn early_secret(&self) -> EarlySecret {
        let psk = self.selected_identity.map(|_| &self.ticket.as_ref().expect("the PSK that was selected").psk);
        early_secret(self.suite.hash, psk.map(Box::as_ref))
    }

    fn set_handshake_keys(&mut self, shared: SharedSecret) {
        let handshake = self.early_secret().into_handshake(&shared).derive(&self.digest());
        let secrets = Secrets::of([&handshake.client, &handshake.server]);
        self.wire.read = Some(Keys::new(self.suite, &secrets.server));
        self.wire.write = Some(Keys::new(self.suite, &secrets.client));
        self.handshake = Some(secrets);
        self.server_shared = Some(shared);
    }

    fn on_finished(&mut self) {
        let shared = self.server_shared.as_ref().expect("a shared secret");
        let digest = self.digest();
        let master = self.early_secret().into_handshake(shared).derive(&digest).master;
        let secrets = Secrets::of(master.traffic(&digest).each_ref());
        self.wire.read = Some(Keys::new(self.suite, &secrets.server));
        self.application = Some(secrets);
    }
}

impl Script for ScriptedClient {
    fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    fn on_message(&mut self, message: &[u8]) {
        match HandshakeType(message[0]) {
            HandshakeType::SERVER_HELLO => self.on_server_hello(&message[4..]),
            HandshakeType::KEY_UPDATE => update(&mut self.wire.read),
            HandshakeType::FINISHED => {
                self.transcript.extend_from_slice(message);
                self.on_finished();
            }
            _ => self.transcript.extend_from_slice(message),
        }
    }

    fn on_own_message(&mut self, message: &[u8]) {
        match HandshakeType(message[0]) {
            HandshakeType::KEY_UPDATE => update(&mut self.wire.write),
            HandshakeType::FINISHED => {
                let secret = &self.application.as_ref().expect("the server's Finished").client;
                self.wire.write = Some(Keys::new(self.suite, secret));
            }
            HandshakeType::END_OF_EARLY_DATA => {
                self.transcript.extend_from_slice(message);
                self.set_handshake_write_keys();
            }
            HandshakeType::CERTIFICATE | HandshakeType::COMPRESSED_CERTIFICATE | HandshakeType::CERTIFICATE_VERIFY => {
                self.transcript.extend_from_slice(message);
            }
            _ => {}
        }
    }
}

impl Certified for ScriptedClient {
    const SIGNER: Signer = Signer::Client;

    fn identity(&self) -> &'static Identity {
        self.identity.expect("a certificate")
    }

    fn certificate_verify_as(&self, scheme: SignatureScheme, signer: Signer) -> Vec<u8> {
        let key = (self.provider.load_key)(&self.identity().key).expect("a key that loads");
        certified::certificate_verify(&*key, self.random, scheme, &signed_content(signer, &self.digest()))
    }
}

/// A ClientHello that asks for all that the tests' servers can do, without a share.
fn hello() -> ClientHelloDraft {
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1].map(|group| group.0);
    let schemes = [
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        SignatureScheme::ED25519,
        SignatureScheme::RSA_PSS_RSAE_SHA256,
    ]
    .map(|scheme| scheme.0);
    let mut extensions = ExtensionList::default();
    extensions.set(ExtensionType::SERVER_NAME, server_name(b"localhost"));
    extensions.set(ExtensionType::SUPPORTED_VERSIONS, vector8(&numbers(&[0x0304])));
    extensions.set(ExtensionType::SUPPORTED_GROUPS, vector16(&numbers(&groups)));
    extensions.set(ExtensionType::SIGNATURE_ALGORITHMS, vector16(&numbers(&schemes)));
    ClientHelloDraft {
        legacy_version: 0x0303,
        random: [0x21; 32],
        session_id: vec![0x1d; 32],
        cipher_suites: vec![CipherSuite::AES_128_GCM_SHA256.0, CipherSuite::AES_256_GCM_SHA384.0],
        compression_methods: vec![0],
        extensions: Some(extensions),
    }
}

/// What matters of a ServerHello.
struct Answer {
    is_retry: bool,
    cipher_suite: u16,
    share: Option<(NamedGroup, Vec<u8>)>,
    cookie: Option<Vec<u8>>,
    selected_identity: Option<u16>,
}

impl Answer {
    fn read(body: &[u8]) -> Self {
        let parse = || {
            let mut reader = Reader::new(body, "ServerHello");
            reader.u16()?;
            let is_retry = reader.array::<32>()? == HELLO_RETRY_REQUEST_RANDOM;
            reader.vector8()?;
            let cipher_suite = reader.u16()?;
            let mut answer = Self { is_retry, cipher_suite, share: None, cookie: None, selected_identity: None };
            reader.u8()?;
            let mut extensions = reader.list16()?;
            while !extensions.is_empty() {
                let extension_type = ExtensionType(extensions.u16()?);
                let mut content = extensions.list16()?;
                match extension_type {
                    ExtensionType::KEY_SHARE if !is_retry => {
                        answer.share = Some((NamedGroup(content.u16()?), content.vector16()?.to_vec()));
                    }
                    ExtensionType::COOKIE => answer.cookie = Some(content.vector16()?.to_vec()),
                    ExtensionType::PRE_SHARED_KEY => answer.selected_identity = Some(content.u16()?),
                    _ => {}
                }
            }
            Ok::<_, tls_engine::Error>(answer)
        };
        parse().expect("a ServerHello that parses")
    }
}
