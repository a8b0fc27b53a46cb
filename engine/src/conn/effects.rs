//! Carries out what the handshake wants.

use super::{Connection, Role, Traffic};
use crate::codes::{ContentType, KeyUpdateRequest};
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::Effect;
use crate::keys::TrafficSecret;
use crate::limits::{EARLY_DATA_SKIPPED_MAX, TICKETS_KEPT};
use crate::mem::OutBuf;
use crate::msgs::KeyUpdate;
use crate::session::Ticket;

impl Connection {
    pub(super) fn carry_out(&mut self, output: &mut OutBuf) -> Result<(), Error> {
        let mut effects = core::mem::take(&mut self.effects);
        for effect in effects.list.drain(..) {
            match effect {
                Effect::Send(span) => {
                    let messages = &effects.messages[span.range()];
                    if self.sealer.counters().records == 0 && matches!(self.role, Role::Client(_)) {
                        self.sealer.seal_first_hello(messages, output)?;
                    } else {
                        self.sealer.seal_control(ContentType::HANDSHAKE, messages, output)?;
                    }
                }
                Effect::SendChangeCipherSpec => {
                    self.sealer.seal_control(ContentType::CHANGE_CIPHER_SPEC, &[1], output)?;
                }
                Effect::InstallWrite { suite, secret } => self.install_write(suite, secret)?,
                Effect::InstallRead { suite, secret } => self.install_read(suite, secret)?,
                Effect::SkipEarlyData => self.early_data_to_skip = EARLY_DATA_SKIPPED_MAX,
                Effect::Ready(negotiated) => self.negotiated = Some(negotiated),
                Effect::Ticket(ticket) => self.keep_ticket(*ticket)?,
                Effect::KeyUpdate(request) => self.on_key_update(request, output)?,
            }
        }
        effects.messages.clear();
        self.effects = effects;
        Ok(())
    }

    fn install_write(&mut self, suite: Suite, secret: TrafficSecret) -> Result<(), Error> {
        let limit = self.role.common().records_per_key(&suite);
        self.sealer.install(&suite, &secret.keys(suite.aead), limit)?;
        self.write = Some(Traffic { suite, secret });
        Ok(())
    }

    fn install_read(&mut self, suite: Suite, secret: TrafficSecret) -> Result<(), Error> {
        self.opener.install(&suite, &secret.keys(suite.aead))?;
        self.read = Some(Traffic { suite, secret });
        self.early_data_to_skip = 0;
        Ok(())
    }

    fn keep_ticket(&mut self, ticket: Ticket) -> Result<(), Error> {
        self.guards.on_ticket()?;
        if self.tickets.len() == TICKETS_KEPT {
            self.tickets.remove(0);
        }
        self.tickets.push(ticket);
        Ok(())
    }

    /// The peer seals with new keys from here on (RFC 8446 4.6.3).
    fn on_key_update(&mut self, request: KeyUpdateRequest, output: &mut OutBuf) -> Result<(), Error> {
        self.guards.on_key_update()?;
        let Some(Traffic { suite, secret }) = self.read.take() else {
            return Err(Error::Internal("a key update without keys"));
        };
        self.install_read(suite, secret.next())?;
        self.opener.counters_mut().key_updates += 1;
        if request == KeyUpdateRequest::REQUESTED && !self.close_sent {
            self.replace_write_key(KeyUpdateRequest::NOT_REQUESTED, output)?;
        }
        Ok(())
    }

    /// Sends a KeyUpdate and seals with new keys from then on.
    pub(super) fn replace_write_key(&mut self, request: KeyUpdateRequest, output: &mut OutBuf) -> Result<(), Error> {
        let mut message = Vec::new();
        KeyUpdate { request }.encode(&mut message);
        self.sealer.seal_control(ContentType::HANDSHAKE, &message, output)?;
        let Some(Traffic { suite, secret }) = self.write.take() else {
            return Err(Error::Internal("a key update without keys"));
        };
        self.install_write(suite, secret.next())?;
        self.sealer.count_key_update();
        Ok(())
    }
}
