//! One end of a conversation.

use std::collections::BTreeMap;

use tls_engine::codes::{ContentType, NamedGroup};
use tls_engine::internal::keys::{EarlySecret, HandshakeSecret, MasterSecret, TrafficSecret};
use tls_engine::internal::record::{Opener, Sealer, deframe};
use tls_engine::limits::RECORD_CONTENT_MAX;
use tls_engine::mem::Secret;
use tls_engine::switches::Switches;

/// One end, and the direction in which it sends.
pub(crate) struct Peer {
    pub(crate) key_pair: Option<(NamedGroup, Vec<u8>)>,
    pub(crate) early: Option<EarlySecret>,
    pub(crate) handshake: Option<HandshakeSecret>,
    pub(crate) master: Option<MasterSecret>,
    pub(crate) secrets: BTreeMap<String, TrafficSecret>,
    /// The client's secret that tickets come from.
    pub(crate) resumption: Option<Secret>,
    pub(crate) unsent: Vec<u8>,
    pub(crate) sent_hello: bool,
    pub(crate) sealer: Sealer,
    /// Opens at the other end what this one seals.
    pub(crate) opener: Opener,
}

impl Peer {
    pub(crate) fn new(zero_copy: bool) -> Self {
        Self {
            key_pair: None,
            early: None,
            handshake: None,
            master: None,
            secrets: BTreeMap::new(),
            resumption: None,
            unsent: Vec::new(),
            sent_hello: false,
            sealer: Sealer::new(&Switches { zero_copy, ..Switches::all() }, RECORD_CONTENT_MAX),
            opener: Opener::new(),
        }
    }

    pub(crate) fn early(&self) -> &EarlySecret {
        self.early.as_ref().expect("the early secret")
    }

    pub(crate) fn early_secret(&self) -> Secret {
        self.early().secret().clone()
    }

    pub(crate) fn handshake_secret(&self) -> Secret {
        self.handshake.as_ref().expect("the handshake secret").secret().clone()
    }

    pub(crate) fn master_secret(&self) -> Secret {
        self.master.as_ref().expect("the master secret").secret().clone()
    }

    pub(crate) fn open(&mut self, record: &[u8], content_type: ContentType, payload: &[u8]) {
        let frame = deframe(record).unwrap().expect("a whole record");
        assert_eq!(frame.len(), record.len(), "one record");
        let mut body = record[record.len() - frame.body_len..].to_vec();
        if self.opener.has_key() && content_type != ContentType::CHANGE_CIPHER_SPEC {
            let (got_type, len) = self.opener.open(&frame, &mut body).unwrap();
            assert_eq!((got_type, &body[..len]), (content_type, payload));
        } else {
            assert_eq!((frame.content_type, &body[..]), (content_type, payload));
        }
    }
}
