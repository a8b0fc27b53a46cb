//! The same for a handshake that resumes a session (RFC 8446 2.2, 4.2.11, 4.6.1), and gives a ticket for the next.

use tls_engine::codes::CipherSuite;
use tls_engine::crypto::{AeadKey, NONCE_MAX, TAG_LEN};
use tls_engine::mem::{Digest, Secret};

use super::{Handshake, MESSAGE};
use crate::Case;
use crate::meter::{Asked, Counted};

/// As long as the state of a session for localhost, bytes.
const SESSION_LEN: usize = 70;

/// Parts for the handshakes of one case.
pub(crate) struct Resumption {
    parts: Handshake,
    psk: Secret,
    /// What tickets are sealed with.
    ticket_key: Box<dyn AeadKey>,
    ticket: [u8; SESSION_LEN + TAG_LEN],
}

impl Resumption {
    pub(crate) fn new(case: &Case) -> Self {
        let parts = Handshake::new(case);
        let psk = Secret::zeroed(parts.suite.hash.output_len());
        let ticket_aead = case.provider.suite(CipherSuite::AES_256_GCM_SHA384).unwrap().aead;
        let ticket_key = ticket_aead.key(&[7; 32]).unwrap();
        Self { parts, psk, ticket: seal(ticket_key.as_ref()), ticket_key }
    }

    /// What both ends ask for.
    pub(crate) fn run(&self) -> Asked {
        let random = self.parts.provider.random;
        let client = self.parts.group.start(random).unwrap();
        let server = Counted::of(|| self.server(client.share()));
        let answer = self.parts.group.start_and_complete(client.share(), random).unwrap();
        let client = Counted::of(|| self.client(&answer.share));
        Asked { client, server }
    }

    fn server(&self, client_share: &[u8]) {
        let parts = &self.parts;
        let random = parts.provider.random;
        // ClientHello, with a HelloRetryRequest perhaps and the ClientHello after it; its ticket and binder; ServerHello.
        self.open_ticket();
        let early = parts.early_secret(Some(&self.psk));
        let mut transcript = parts.transcript();
        self.binder(&early, &transcript.current());
        transcript.update(MESSAGE);
        random.fill(&mut [0; 32]).unwrap();
        let exchange = parts.group.start_and_complete(client_share, random).unwrap();
        transcript.update(MESSAGE);
        let handshake = parts.handshake_secrets(&early, &exchange.secret, &transcript.current());
        let write = parts.expand_key(&handshake.server);
        // EncryptedExtensions; Finished.
        transcript.update(MESSAGE);
        transcript.update(parts.finished(&handshake.server, &transcript.current()).as_bytes());
        parts.seal(write.as_ref());
        drop(write);
        let application = parts.application_secrets(&handshake.secret, &transcript.current());
        let write = parts.expand_key(&application.server);
        let read = parts.expand_key(&handshake.client);
        // The client's Finished; the ticket.
        parts.open(read.as_ref());
        parts.finished(&handshake.client, &transcript.current());
        drop(read);
        let read = parts.expand_key(&application.client);
        transcript.update(MESSAGE);
        let resumption = parts.derive(&application.secret, b"res master", transcript.current().as_bytes());
        parts.derive(&resumption, b"resumption", &[0]);
        self.seal_ticket();
        parts.seal(write.as_ref());
        drop((transcript, write, read));
    }

    fn client(&self, server_share: &[u8]) {
        let parts = &self.parts;
        let random = parts.provider.random;
        // ClientHello, with a HelloRetryRequest perhaps and the ClientHello after it; ServerHello.
        random.fill(&mut [0; 64]).unwrap();
        let first = parts.unwanted.map(|group| group.start(random).unwrap());
        let early = parts.early_secret(Some(&self.psk));
        self.binder(&early, &parts.suite.hash.digest(&[MESSAGE]));
        let is_retried = first.is_some();
        drop(first);
        let exchange = parts.start();
        let mut transcript = parts.transcript();
        if is_retried {
            self.binder(&early, &transcript.current());
        }
        transcript.update(MESSAGE);
        let shared = exchange.complete(server_share).unwrap();
        let handshake = parts.handshake_secrets(&early, &shared, &transcript.current());
        let write = parts.expand_key(&handshake.client);
        let read = parts.expand_key(&handshake.server);
        parts.open(read.as_ref());
        // EncryptedExtensions; Finished.
        transcript.update(MESSAGE);
        parts.finished(&handshake.server, &transcript.current());
        transcript.update(MESSAGE);
        let application = parts.application_secrets(&handshake.secret, &transcript.current());
        // The client's Finished.
        transcript.update(parts.finished(&handshake.client, &transcript.current()).as_bytes());
        parts.seal(write.as_ref());
        let resumption = parts.derive(&application.secret, b"res master", transcript.current().as_bytes());
        drop((transcript, write, read));
        drop(parts.expand_key(&application.client));
        let read = parts.expand_key(&application.server);
        // The ticket.
        parts.open(read.as_ref());
        parts.derive(&resumption, b"resumption", &[0]);
    }

    /// The binder of the PSK (RFC 8446 4.2.11.2).
    fn binder(&self, early: &Secret, messages: &Digest) -> Digest {
        let empty = &self.parts.nothing;
        let key = self.parts.derive(early, b"res binder", empty.as_bytes());
        self.parts.finished(&key, messages)
    }

    fn open_ticket(&self) {
        let mut session = [0; SESSION_LEN];
        let nonce = &[0; NONCE_MAX][..12];
        let _ = self.ticket_key.open_into(nonce, &[], &self.ticket, &mut session).unwrap();
        assert_eq!(session, [8; SESSION_LEN]);
    }

    fn seal_ticket(&self) {
        self.parts.provider.random.fill(&mut [0; 16]).unwrap();
        let _ = seal(self.ticket_key.as_ref());
    }
}

fn seal(key: &dyn AeadKey) -> [u8; SESSION_LEN + TAG_LEN] {
    let mut ticket = [0; SESSION_LEN + TAG_LEN];
    let _ = key.seal_into(&[0; NONCE_MAX][..12], &[], &[8; SESSION_LEN], &[], &mut ticket).unwrap();
    ticket
}
