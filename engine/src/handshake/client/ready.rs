use std::sync::Arc;

use super::State;
use crate::codes::HandshakeType;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::ClientConfig;
use crate::handshake::effects::{Effect, Effects};
use crate::keys::resumption_psk;
use crate::mem::Secret;
use crate::msgs::{KeyUpdate, Message, NewSessionTicket};
use crate::session::Ticket;

/// After the handshake: tickets and key updates.
pub(in crate::handshake) struct Ready {
    pub(super) config: Arc<ClientConfig>,
    pub(super) suite: Suite,
    /// `resumption_master_secret`.
    pub(super) resumption: Secret,
}

impl Ready {
    pub(super) fn on(self: Box<Self>, message: &Message<'_>, effects: &mut Effects) -> Result<State, Error> {
        match message.handshake_type {
            HandshakeType::NEW_SESSION_TICKET => {
                let ticket = NewSessionTicket::decode(message.body())?;
                effects.list.push(Effect::Ticket(Box::new(self.keep(&ticket))));
            }
            HandshakeType::KEY_UPDATE => {
                let update = KeyUpdate::decode(message.body())?;
                if !message.ends_record {
                    return Err(message.unexpected("the end of a record, as the keys change"));
                }
                effects.list.push(Effect::KeyUpdate(update.request));
            }
            _ => return Err(message.unexpected("application data, a ticket or a KeyUpdate")),
        }
        Ok(State::Ready(self))
    }

    fn keep(&self, message: &NewSessionTicket<'_>) -> Ticket {
        Ticket {
            suite: self.suite.code,
            psk: resumption_psk(self.suite.hash, &self.resumption, message.nonce),
            ticket: message.ticket.to_vec(),
            lifetime_s: message.lifetime_s,
            age_add: message.age_add,
            received_at: self.config.common.clock.now(),
            max_early_data_bytes: message.max_early_data_bytes,
        }
    }
}
