//! The calls of provider and webpki that a handshake can't do without (RFC 8446 2, 4, 7.1), in their order, and nothing
//! else: no messages are encoded or decoded, no records framed, no state is kept.

pub(crate) mod resumption;

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use tls_engine::codes::SignatureScheme;
use tls_engine::crypto::{
    AeadKey, Exchange, Group, Hash, HashContext, NONCE_MAX, Provider, SigningKey, Suite, TAG_LEN,
};
use tls_engine::mem::{Digest, SECRET_MAX, Secret, SharedSecret};
use webpki::{EndEntityCert, KeyUsage};

use crate::Case;
use crate::meter::{Asked, Counted};
use crate::support::localhost;
use crate::support::pki::Pki;

/// Parts and certificates for the handshakes of one case.
pub(crate) struct Handshake {
    provider: &'static Provider,
    suite: &'static Suite,
    group: &'static dyn Group,
    /// The group of the share that the client sends first where the server asks for another.
    unwanted: Option<&'static dyn Group>,
    /// A hybrid with the group, of which the client has started an exchange.
    hybrid: Option<&'static dyn Group>,
    anchors: [TrustAnchor<'static>; 1],
    chain: &'static [CertificateDer<'static>],
    key: Arc<dyn SigningKey>,
    scheme: SignatureScheme,
    name: ServerName<'static>,
    /// The hash of no messages, which is known in advance.
    nothing: Digest,
}

/// Stands for any message: what it says has no influence on the heap.
const MESSAGE: &[u8] = &[7; 300];

impl Handshake {
    pub(crate) fn new(case: &Case) -> Self {
        let provider = case.provider;
        let identity = Pki::shared_identity(case.kind);
        let key = (provider.load_key)(&identity.key).unwrap();
        let root = Pki::shared(case.kind).root();
        let suite = provider.suite(case.suite).unwrap();
        Self {
            provider,
            suite,
            nothing: suite.hash.digest(&[]),
            group: provider.group(case.group).unwrap(),
            unwanted: case.unwanted().map(|group| provider.group(group).unwrap()),
            hybrid: case.hybrid.map(|group| provider.group(group).unwrap()),
            anchors: [webpki::anchor_from_trusted_cert(&root).unwrap().to_owned()],
            chain: &identity.chain,
            scheme: key.schemes()[0],
            key,
            name: localhost(),
        }
    }

    /// What both ends ask for.
    pub(crate) fn run(&self) -> Asked {
        let random = self.provider.random;
        let client = self.group.start(random).unwrap();
        let server = Counted::of(|| self.server(client.share()));
        let answer = self.group.start_and_complete(client.share(), random).unwrap();
        let content = MESSAGE;
        let signature = self.key.sign(self.scheme, content, random).unwrap();
        let client = Counted::of(|| self.client(&answer.share, content, &signature));
        Asked { client, server }
    }

    /// A client's exchange in the group.
    fn start(&self) -> Box<dyn Exchange> {
        let random = self.provider.random;
        match self.hybrid {
            Some(hybrid) => hybrid.start(random).unwrap().into_part(self.group.name()).unwrap(),
            None => self.group.start(random).unwrap(),
        }
    }

    fn server(&self, client_share: &[u8]) {
        let random = self.provider.random;
        // ClientHello, with a HelloRetryRequest perhaps and the ClientHello after it; ServerHello.
        let mut transcript = self.transcript();
        random.fill(&mut [0; 32]).unwrap();
        let exchange = self.group.start_and_complete(client_share, random).unwrap();
        transcript.update(MESSAGE);
        let handshake = self.handshake_secrets(&self.early_secret(None), &exchange.secret, &transcript.current());
        let write = self.expand_key(&handshake.server);
        // EncryptedExtensions and Certificate; CertificateVerify; Finished.
        transcript.update(MESSAGE);
        let signature = self.key.sign(self.scheme, transcript.current().as_bytes(), random).unwrap();
        transcript.update(&signature);
        drop(signature);
        transcript.update(self.finished(&handshake.server, &transcript.current()).as_bytes());
        self.seal(write.as_ref());
        drop(write);
        let application = self.application_secrets(&handshake.secret, &transcript.current());
        let write = self.expand_key(&application.server);
        let read = self.expand_key(&handshake.client);
        // The client's Finished.
        self.open(read.as_ref());
        self.finished(&handshake.client, &transcript.current());
        drop(read);
        let read = self.expand_key(&application.client);
        drop((transcript, write, read));
    }

    fn client(&self, server_share: &[u8], content: &[u8], signature: &[u8]) {
        let random = self.provider.random;
        // ClientHello, with a HelloRetryRequest perhaps and the ClientHello after it; ServerHello.
        random.fill(&mut [0; 64]).unwrap();
        drop(self.unwanted.map(|group| group.start(random).unwrap()));
        let exchange = self.start();
        let mut transcript = self.transcript();
        transcript.update(MESSAGE);
        let shared = exchange.complete(server_share).unwrap();
        let handshake = self.handshake_secrets(&self.early_secret(None), &shared, &transcript.current());
        let write = self.expand_key(&handshake.client);
        let read = self.expand_key(&handshake.server);
        self.open(read.as_ref());
        // EncryptedExtensions; Certificate.
        transcript.update(MESSAGE);
        let (leaf, intermediates) = self.chain.split_first().unwrap();
        let algorithms = &self.provider.certificate_algorithms;
        let (now, usage) = (UnixTime::now(), KeyUsage::server_auth());
        let leaf = EndEntityCert::try_from(leaf).unwrap();
        leaf.verify_for_usage(algorithms, &self.anchors, intermediates, now, usage, None, None).unwrap();
        leaf.verify_is_valid_for_subject_name(&self.name).unwrap();
        transcript.update(MESSAGE);
        // CertificateVerify; Finished.
        transcript.current();
        leaf.verify_signature(self.provider.verification(self.scheme).unwrap(), content, signature).unwrap();
        transcript.update(MESSAGE);
        self.finished(&handshake.server, &transcript.current());
        transcript.update(MESSAGE);
        let application = self.application_secrets(&handshake.secret, &transcript.current());
        // The client's Finished.
        transcript.update(self.finished(&handshake.client, &transcript.current()).as_bytes());
        self.seal(write.as_ref());
        self.derive(&application.secret, b"res master", transcript.current().as_bytes());
        drop((transcript, write, read));
        drop((self.expand_key(&application.client), self.expand_key(&application.server)));
    }

    /// Begun with the ClientHello, or with the hash of the first one in its place (RFC 8446 4.4.1).
    fn transcript(&self) -> Box<dyn HashContext> {
        let hash = self.suite.hash;
        let retried = self.unwanted.map(|_| hash.digest(&[MESSAGE]));
        let mut transcript = hash.start();
        transcript.update(MESSAGE);
        if let Some(first) = retried {
            transcript.update(first.as_bytes());
        }
        transcript
    }

    fn early_secret(&self, psk: Option<&Secret>) -> Secret {
        let zeros = &[0; SECRET_MAX][..self.suite.hash.output_len()];
        self.suite.hash.hkdf_extract(zeros, psk.map_or(zeros, Secret::as_bytes))
    }

    fn handshake_secrets(&self, early: &Secret, shared: &SharedSecret, messages: &Digest) -> Secrets {
        self.stage(early, shared.as_bytes(), messages, [b"c hs traffic", b"s hs traffic"])
    }

    fn application_secrets(&self, handshake: &Secret, messages: &Digest) -> Secrets {
        let zeros = &[0; SECRET_MAX][..self.suite.hash.output_len()];
        self.stage(handshake, zeros, messages, [b"c ap traffic", b"s ap traffic"])
    }

    /// The next stage of the key schedule, and both ends' secrets of it (RFC 8446 7.1).
    fn stage(&self, before: &Secret, input: &[u8], messages: &Digest, labels: [&[u8]; 2]) -> Secrets {
        let hash = self.suite.hash;
        let salt = self.derive(before, b"derived", self.nothing.as_bytes());
        let secret = hash.hkdf_extract(salt.as_bytes(), input);
        let [client, server] = labels.map(|label| self.derive(&secret, label, messages.as_bytes()));
        Secrets { secret, client, server }
    }

    fn derive(&self, secret: &Secret, label: &[u8], context: &[u8]) -> Secret {
        let mut derived = Secret::zeroed(self.suite.hash.output_len());
        expand(self.suite.hash, secret, label, context, derived.as_mut_bytes());
        derived
    }

    fn expand_key(&self, secret: &Secret) -> Box<dyn AeadKey> {
        let Suite { aead, hash, .. } = self.suite;
        let mut key = Secret::zeroed(aead.key_len());
        expand(*hash, secret, b"key", &[], key.as_mut_bytes());
        expand(*hash, secret, b"iv", &[], &mut [0; NONCE_MAX][..aead.nonce_len()]);
        aead.key(key.as_bytes()).unwrap()
    }

    /// The end's one record under its handshake key.
    fn seal(&self, key: &dyn AeadKey) -> ([u8; 100], [u8; TAG_LEN]) {
        let (mut text, mut tag) = ([8; 100], [0; TAG_LEN]);
        key.seal_in_place(&[0; NONCE_MAX][..self.suite.aead.nonce_len()], &[], &mut text, &mut tag).unwrap();
        (text, tag)
    }

    /// The peer's, which is sealed here as well: that makes no heap call (tests/heap.rs).
    fn open(&self, key: &dyn AeadKey) {
        let mut record = [0; 100 + TAG_LEN];
        let (text, tag) = self.seal(key);
        record[..text.len()].copy_from_slice(&text);
        record[text.len()..].copy_from_slice(&tag);
        key.open_in_place(&[0; NONCE_MAX][..self.suite.aead.nonce_len()], &[], &mut record).unwrap();
        assert_eq!(record[..text.len()], [8; 100]);
    }

    fn finished(&self, secret: &Secret, messages: &Digest) -> Digest {
        let key = self.derive(secret, b"finished", &[]);
        self.suite.hash.hmac(key.as_bytes(), &[messages.as_bytes()])
    }
}

struct Secrets {
    /// Of the stage.
    secret: Secret,
    client: Secret,
    server: Secret,
}

/// HKDF-Expand-Label (RFC 8446 7.1).
fn expand(hash: &dyn Hash, secret: &Secret, label: &[u8], context: &[u8], output: &mut [u8]) {
    let length = u16::try_from(output.len()).unwrap().to_be_bytes();
    let [label_len, context_len] = [label.len() + 6, context.len()].map(|len| [u8::try_from(len).unwrap()]);
    hash.hkdf_expand(secret.as_bytes(), &[&length, &label_len, b"tls13 ", label, &context_len, context], output);
}
