//! The ticket that a client offers.

use std::sync::Arc;

use rustls_pki_types::{ServerName, UnixTime};

use crate::codes::CipherSuite;
use crate::crypto::{Hash, Suite};
use crate::handshake::ClientConfig;
use crate::handshake::effects::Effects;
use crate::keys::{EarlySecret, PskOrigin, PskSecret, TrafficSecret};
use crate::limits::TICKETS_KEPT;
use crate::mem::{Digest, Span};
use crate::msgs::PskOffer;
use crate::session::Ticket;

/// A ticket that is offered in the ClientHello.
pub(super) struct TicketOffer {
    ticket: Ticket,
    suite: Suite,
    secret: PskSecret,
}

impl TicketOffer {
    /// A ticket for the server `name` that can be used now: it has not expired, and its suite is one of the configuration's. Others
    /// are dropped.
    pub(super) fn take(config: &ClientConfig, name: &ServerName<'static>) -> Option<Self> {
        let store = config.tickets.as_ref()?;
        let now = config.common.clock.now();
        let mut tickets = (0..TICKETS_KEPT).map_while(|_| store.take(name));
        tickets.find_map(|ticket| {
            let suite = config.common.suite(ticket.suite).filter(|_| ticket.is_usable(now))?;
            Some(Self { secret: PskSecret::new(suite.hash, &ticket.psk, PskOrigin::Ticket), ticket, suite: *suite })
        })
    }

    /// What the ClientHello has of it.
    pub(super) fn psk(&self, now: UnixTime) -> PskOffer<'_> {
        PskOffer {
            identity: &self.ticket.ticket,
            obfuscated_age: self.ticket.obfuscated_age(now),
            binder_len: self.suite.hash.output_len(),
        }
    }

    /// Whether a suite has the hash that the PSK is bound to (RFC 8446 4.2.11).
    pub(super) fn is_for(&self, hash: &dyn Hash) -> bool {
        self.suite.hash.name() == hash.name()
    }

    /// How much early data may be sent with it, if any: not where the application protocol, which it is bound to, is not offered now (RFC
    /// 8446 4.2.10).
    pub(super) fn early_data_bytes(&self, config: &ClientConfig) -> Option<u32> {
        let is_offered = self.ticket.alpn.as_ref().is_none_or(|alpn| config.common.alpn.contains(alpn));
        self.ticket.max_early_data_bytes.filter(|bytes| *bytes > 0 && config.early_data && is_offered)
    }

    /// What accepted early data is bound to: the suite and the application protocol.
    pub(super) fn into_early_binding(self) -> (CipherSuite, Option<Arc<[u8]>>) {
        (self.suite.code, self.ticket.alpn)
    }

    /// The suite of early data, and the secret of its keys, over the ClientHello at `span`.
    pub(super) fn early_traffic(&self, span: Span, effects: &Effects) -> (&Suite, TrafficSecret) {
        let hello = self.suite.hash.digest(&[effects.messages_at(span)]);
        (&self.suite, self.secret.early().client_traffic(&hello))
    }

    /// The identity of the external PSK that its session began with.
    pub(super) fn psk_identity(&self) -> Option<Arc<[u8]>> {
        self.ticket.psk_identity.clone()
    }

    /// The first stage of the key schedule with the PSK.
    pub(super) fn early_secret(&self) -> EarlySecret {
        self.secret.early().clone()
    }

    /// The binder over what `messages` makes the hash of.
    pub(super) fn binder(&self, messages: impl Fn(&'static dyn Hash) -> Digest) -> Digest {
        self.secret.binder(&messages(self.suite.hash))
    }
}
