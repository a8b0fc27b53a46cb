//! Tickets in the hands of a script: offered with the binders that RFC 8446 4.2.11.2 asks for, or with others.

use std::sync::Arc;

use tls_engine::codes::{CipherSuite, ExtensionType};
use tls_engine::conn::{ClientConfig, ServerConfig};
use tls_engine::crypto::{Hash, Provider};
use tls_engine::internal::keys::{PskOrigin, PskSecret};
use tls_engine::session::{Ticket, TicketStore};

use super::draft::{ClientHelloDraft, vector8, vector16};
use crate::support::localhost;
use crate::support::peer::{Peer, pump};

/// The ticket that an ordinary handshake of these ends has left in the client's `store`.
pub fn ticket_of(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, store: &dyn TicketStore) -> Ticket {
    let mut client = Peer::client(client, localhost()).expect("a ClientHello");
    let mut server = Peer::server(server);
    pump(&mut client, &mut server).expect("a handshake");
    store.take(&localhost()).expect("a ticket")
}

/// A PSK as a ClientHello offers it.
#[derive(Clone)]
pub struct Offer {
    pub identity: Vec<u8>,
    pub obfuscated_age: u32,
    pub binder: Vec<u8>,
}

impl Offer {
    /// `ticket` at an age of zero, its binder still missing.
    pub fn of(ticket: &Ticket) -> Self {
        Self { identity: ticket.ticket.clone(), obfuscated_age: ticket.age_add, binder: Vec::new() }
    }

    /// An identity that no server knows, with a binder of any kind.
    pub fn unknown() -> Self {
        Self { identity: b"a ticket".to_vec(), obfuscated_age: 0, binder: vec![0x5a; 32] }
    }
}

/// `pre_shared_key` of a ClientHello.
pub fn pre_shared_key(offers: &[Offer]) -> Vec<u8> {
    let identity = |offer: &Offer| [vector16(&offer.identity), offer.obfuscated_age.to_be_bytes().to_vec()].concat();
    let identities: Vec<u8> = offers.iter().flat_map(identity).collect();
    let binders: Vec<u8> = offers.iter().flat_map(|offer| vector8(&offer.binder)).collect();
    [vector16(&identities), vector16(&binders)].concat()
}

/// Puts `offers` at the end of `hello`; those without a binder get that of `ticket`, whatever they are, as one of a PSK of this
/// origin. `before` are the messages before the hello.
pub fn offer(
    provider: &'static Provider,
    hello: &mut ClientHelloDraft,
    before: &[u8],
    (ticket, origin): (&Ticket, PskOrigin),
    mut offers: Vec<Offer>,
) {
    let hash = hash_of(provider, ticket.suite);
    let is_unbound: Vec<bool> = offers.iter().map(|offer| offer.binder.is_empty()).collect();
    for (offer, _) in offers.iter_mut().zip(&is_unbound).filter(|(_, is_unbound)| **is_unbound) {
        offer.binder = vec![0; hash.output_len()];
    }
    let extensions = &mut hello.extensions().0;
    extensions.retain(|(known, _)| *known != ExtensionType::PRE_SHARED_KEY);
    extensions.push((ExtensionType::PRE_SHARED_KEY, pre_shared_key(&offers)));
    let binders_len: usize = 2 + offers.iter().map(|offer| 1 + offer.binder.len()).sum::<usize>();
    let encoded = hello.encode();
    let covered = &encoded[..encoded.len() - binders_len];
    let binder = PskSecret::new(hash, &ticket.psk, origin).binder(&hash.digest(&[before, covered]));
    for (offer, _) in offers.iter_mut().zip(&is_unbound).filter(|(_, is_unbound)| **is_unbound) {
        offer.binder = binder.as_bytes().to_vec();
    }
    hello.extensions().set(ExtensionType::PRE_SHARED_KEY, pre_shared_key(&offers));
}

/// The hash that a PSK of a connection with `suite` is bound to (RFC 8446 4.2.11).
fn hash_of(provider: &'static Provider, suite: CipherSuite) -> &'static dyn Hash {
    provider.suite(suite).expect("a suite of the provider's").hash
}
