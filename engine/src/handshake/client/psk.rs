//! The PSKs that a client offers: that of a ticket, and behind it external ones (RFC 8446 4.2.11).

use std::sync::Arc;

use arrayvec::ArrayVec;
use rustls_pki_types::ServerName;

use super::resumption::TicketOffer;
use crate::codes::CipherSuite;
use crate::crypto::Hash;
use crate::error::Error;
use crate::handshake::ClientConfig;
use crate::handshake::config::UsablePsk;
use crate::handshake::effects::{Authentication, Effects};
use crate::keys::{EarlySecret, PskOrigin, Transcript};
use crate::limits::EXTERNAL_PSKS_OFFERED_MAX;
use crate::mem::{Digest, Span};
use crate::msgs::PskOffer;

/// As they go into a ClientHello.
pub(super) type Offers<'a> = ArrayVec<PskOffer<'a>, { 1 + EXTERNAL_PSKS_OFFERED_MAX }>;

/// What a ClientHello offers.
pub(super) struct OfferedPsks {
    ticket: Option<TicketOffer>,
    /// The hash of the suite that a HelloRetryRequest has chosen.
    hash: Option<&'static dyn Hash>,
}

/// What the server has chosen.
pub(super) struct ChosenPsk {
    /// The first stage of the key schedule with it.
    pub(super) early: EarlySecret,
    pub(super) authentication: Authentication,
    /// The identity of an external one, or of that which its session began with.
    pub(super) identity: Option<Arc<[u8]>>,
    /// What early data is bound to, which only goes with a ticket.
    pub(super) early_binding: Option<(CipherSuite, Option<Arc<[u8]>>)>,
}

impl OfferedPsks {
    /// The PSKs for the server `name`.
    pub(super) fn take(config: &ClientConfig, name: &ServerName<'static>) -> Self {
        Self { ticket: TicketOffer::take(config, name), hash: None }
    }

    /// The ticket, if one is offered.
    pub(super) const fn ticket(&self) -> Option<&TicketOffer> {
        self.ticket.as_ref()
    }

    /// Leaves out those that a suite with another hash can't use (RFC 8446 4.1.4).
    pub(super) fn retain_for(&mut self, hash: &'static dyn Hash) {
        self.ticket.take_if(|ticket| !ticket.is_for(hash));
        self.hash = Some(hash);
    }

    /// Whether none is offered.
    #[inline]
    pub(super) fn is_empty(&self, config: &ClientConfig) -> bool {
        self.ticket.is_none() && (config.external_psks.is_empty() || self.external(config).next().is_none())
    }

    fn external<'a>(&self, config: &'a ClientConfig) -> impl Iterator<Item = &'a UsablePsk> {
        let hash = self.hash;
        config.external_psks.iter().filter(move |usable| hash.is_none_or(|hash| usable.psk.hash().is(hash)))
    }

    /// What the ClientHello has of them.
    #[inline]
    pub(super) fn offers<'a>(&'a self, config: &'a ClientConfig) -> Offers<'a> {
        if self.is_empty(config) { Offers::new() } else { self.collect(config) }
    }

    #[inline(never)]
    fn collect<'a>(&'a self, config: &'a ClientConfig) -> Offers<'a> {
        let ticket = self.ticket.iter().map(|ticket| ticket.psk(config.common.clock.now()));
        // RFC 8446 4.2.11: external ones have no age.
        let external = self.external(config).map(|usable| PskOffer {
            identity: usable.psk.identity(),
            obfuscated_age: 0,
            binder_len: usable.hash.output_len(),
        });
        ticket.chain(external).collect()
    }

    /// Fills in the binders of the ClientHello at `span`, which is the first message of the handshake.
    #[inline(never)]
    pub(super) fn bind_first(&self, config: &ClientConfig, span: Span, effects: &mut Effects) {
        let (before, binders) = self.split(config, span, effects);
        self.fill_in(config, binders, |hash| hash.digest(&[before]));
    }

    /// Fills in the binders of the ClientHello at `span`, and adds the message to `transcript`.
    #[inline(never)]
    pub(super) fn bind(&self, config: &ClientConfig, span: Span, transcript: &mut Transcript, effects: &mut Effects) {
        let (before, binders) = self.split(config, span, effects);
        transcript.add(before);
        let messages = transcript.current();
        self.fill_in(config, binders, |_| messages);
        transcript.add(binders);
    }

    /// A ClientHello with these PSKs as what their binders cover, and the list of binders (RFC 8446 4.2.11.2).
    fn split<'a>(&self, config: &ClientConfig, span: Span, effects: &'a mut Effects) -> (&'a mut [u8], &'a mut [u8]) {
        let binders_len = PskOffer::binders_len(&self.offers(config));
        let hello = effects.unfinished_messages_at(span);
        hello.split_at_mut(hello.len().saturating_sub(binders_len))
    }

    fn fill_in(&self, config: &ClientConfig, binders: &mut [u8], messages: impl Fn(&'static dyn Hash) -> Digest) {
        let mut rest = binders.get_mut(2..).unwrap_or_default();
        let mut fill_in_next = |binder: Digest| {
            let binder = binder.as_bytes();
            if let Some((place, after)) = core::mem::take(&mut rest).split_at_mut_checked(1 + binder.len()) {
                place[1..].copy_from_slice(binder);
                rest = after;
            }
        };
        if let Some(ticket) = &self.ticket {
            fill_in_next(ticket.binder(&messages));
        }
        for UsablePsk { hash, secret, .. } in self.external(config) {
            fill_in_next(secret.binder(&messages(*hash)));
        }
    }

    /// The PSK that the server has chosen, by its place, for a suite with `hash`.
    #[inline(never)]
    pub(super) fn choose(self, config: &ClientConfig, place: u16, hash: &'static dyn Hash) -> Result<ChosenPsk, Error> {
        // RFC 8446 4.2.11
        let not_offered = Error::IllegalParameter("a PSK that was not offered for this suite");
        let place = usize::from(place);
        let Some(place) = place.checked_sub(self.ticket.iter().len()) else {
            let ticket = self.ticket.filter(|ticket| ticket.is_for(hash)).ok_or(not_offered)?;
            return Ok(ChosenPsk {
                early: ticket.early_secret(),
                authentication: Authentication::with_psk(PskOrigin::Ticket),
                identity: ticket.psk_identity(),
                early_binding: Some(ticket.into_early_binding()),
            });
        };
        let chosen = self.external(config).nth(place).filter(|usable| usable.psk.hash().is(hash));
        let UsablePsk { psk, secret, .. } = chosen.ok_or(not_offered)?;
        Ok(ChosenPsk {
            early: secret.early().clone(),
            authentication: Authentication::with_psk(psk.origin()),
            identity: Some(psk.shared_identity()),
            early_binding: None,
        })
    }
}
