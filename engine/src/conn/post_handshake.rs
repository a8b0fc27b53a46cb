//! Messages after the handshake (RFC 8446 4.6).

use super::inbound::Received;
use super::{Connection, Role};
use crate::codes::HandshakeType;
use crate::error::Error;
use crate::handshake::{Flow, Reassembled};
use crate::keys::resumption_psk;
use crate::limits::{TICKET_MAX, TICKETS_KEPT};
use crate::msgs::{Header, KeyUpdate, KeyUpdateRequest, Message, NewSessionTicket};
use crate::session::Ticket;

/// What is expected after the handshake.
const POST_HANDSHAKE: &str = "application data or what may follow a handshake";

impl Connection {
    pub(super) fn on_post_handshake_messages(&mut self, content: &[u8]) -> Result<Received, Error> {
        let mut reassembler = core::mem::take(&mut self.post_handshake);
        reassembler.push(content, |reassembled| match reassembled {
            Reassembled::Header(header) => self.admit_post_handshake(header).map(|()| Flow::Continue),
            Reassembled::Message(message) => self.on_post_handshake_message(&message).map(|()| Flow::Continue),
        })?;
        self.post_handshake = reassembler;
        Ok(Received::Advanced)
    }

    /// Whether a message with this header may follow the handshake.
    fn admit_post_handshake(&self, header: Header) -> Result<(), Error> {
        match header.handshake_type {
            HandshakeType::NEW_SESSION_TICKET if self.resumption.is_some() => header.check_len(),
            HandshakeType::KEY_UPDATE => header.check_len(),
            _ => Err(header.unexpected(POST_HANDSHAKE)),
        }
    }

    fn on_post_handshake_message(&mut self, message: &Message<'_>) -> Result<(), Error> {
        match message.handshake_type {
            HandshakeType::NEW_SESSION_TICKET if self.resumption.is_some() => {
                self.keep_ticket(&NewSessionTicket::decode(message.body())?)
            }
            HandshakeType::KEY_UPDATE => {
                let update = KeyUpdate::decode(message.body())?;
                if !message.ends_record {
                    return Err(message.unexpected("the end of a record, as the keys change"));
                }
                self.on_key_update(update.request)
            }
            _ => Err(message.unexpected(POST_HANDSHAKE)),
        }
    }

    fn keep_ticket(&mut self, message: &NewSessionTicket<'_>) -> Result<(), Error> {
        self.flood_guard.on_ticket()?;
        // RFC 8446 4.6.1: one without a lifetime is dropped at once.
        if message.lifetime_s == 0 || message.ticket.len() > TICKET_MAX {
            return Ok(());
        }
        let suite = self.negotiated.as_ref().and_then(|negotiated| self.role.common().suite(negotiated.suite));
        let (Some(suite), Some(resumption)) = (suite, &self.resumption) else {
            return Err(Error::Internal("a ticket without keys"));
        };
        let ticket = Ticket {
            suite: suite.code,
            psk: Box::new(resumption_psk(suite.hash, resumption, message.nonce)),
            ticket: message.ticket.to_vec(),
            lifetime_s: message.lifetime_s,
            age_add: message.age_add,
            received_at: self.role.common().clock.now(),
            max_early_data_bytes: message.max_early_data_bytes,
            psk_identity: self.negotiated.as_ref().and_then(|negotiated| negotiated.psk_identity.clone()),
            alpn: self.negotiated.as_ref().and_then(|negotiated| negotiated.alpn.clone()),
        };
        self.tickets_received = self.tickets_received.saturating_add(1);
        if let (Role::Client(config), Some(server)) = (&self.role, &self.server_name)
            && let Some(store) = &config.tickets
        {
            store.put(server, ticket);
            return Ok(());
        }
        if self.tickets.len() == TICKETS_KEPT {
            self.tickets.remove(0);
        }
        self.tickets.push(ticket);
        Ok(())
    }

    /// Installs the next keys of the peer (RFC 8446 4.6.3). Requests for an update are answered once, before the next application
    /// data, however many there are until then.
    fn on_key_update(&mut self, request: KeyUpdateRequest) -> Result<(), Error> {
        self.flood_guard.on_key_update()?;
        let Some(mut ratchet) = self.next_read.take() else {
            return Err(Error::Internal("a key update without keys"));
        };
        ratchet.advance();
        self.install_read(&ratchet.keys(), Some(ratchet))?;
        self.opener.counters_mut().key_updates += 1;
        self.key_update_pending |= request == KeyUpdateRequest::REQUESTED;
        Ok(())
    }
}
