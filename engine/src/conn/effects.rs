//! Carries out the effects of the handshake.

use super::early_data::EarlyData;
use super::{Connection, Role};
use crate::codes::ContentType;
use crate::error::Error;
use crate::handshake::{Direction, Effect, Effects, Negotiated};
use crate::keys::{Ratchet, TrafficKeys};
use crate::mem::OutBuf;

impl Connection {
    pub(super) fn carry_out(&mut self, effects: &mut Effects, output: &mut OutBuf) -> Result<(), Error> {
        effects.carry_out(|messages, effect| match effect {
            Effect::Send(span) => self.send_handshake(&messages[span.range()], output),
            Effect::SendChangeCipherSpec => {
                self.sending.sealer.seal_control(ContentType::CHANGE_CIPHER_SPEC, &[1], output)
            }
            Effect::Install { direction, keys, next } => self.install(*direction, keys, next.as_ref()),
            Effect::SkipEarlyData(bytes) => {
                self.early_data_to_skip = *bytes;
                Ok(())
            }
            Effect::TakeEarlyData(keys, bytes) => {
                self.install(Direction::Read, keys, None)?;
                self.early_data = Some(Box::new(EarlyData::taken(*bytes)));
                Ok(())
            }
            Effect::LimitRecords { write, read } => {
                write.iter().for_each(|bytes| self.sending.sealer.limit(*bytes));
                read.iter().for_each(|bytes| self.opener.limit(*bytes));
                Ok(())
            }
            Effect::OfferEarlyData(bytes) => {
                self.early_data = Some(Box::new(EarlyData::offered(*bytes)));
                Ok(())
            }
            Effect::EndEarlyData => {
                self.early_data = None;
                Ok(())
            }
            Effect::RemoveWriteKeys => {
                self.sending.sealer.remove_key();
                Ok(())
            }
            Effect::KeepExporter(exporter) => {
                self.exporter = exporter.take();
                Ok(())
            }
            Effect::KeepStapled(stapled) => {
                self.stapled = stapled.take();
                Ok(())
            }
            Effect::Ready { negotiated, resumption, server_name: store_name } => {
                // The host name is moved: it may be on the heap.
                let server_name = negotiated.server_name.take();
                self.negotiated = Some(Negotiated { server_name, ..negotiated.clone() });
                if let Some(meter) = &self.meter {
                    meter.note_ready();
                }
                if !self.has_early_data() {
                    self.early_data = None;
                }
                self.resumption.clone_from(resumption);
                self.server_name = store_name.take();
                Ok(())
            }
        })
    }

    fn send_handshake(&mut self, messages: &[u8], output: &mut OutBuf) -> Result<(), Error> {
        if self.sending.sealer.counters().records == 0 && matches!(self.role, Role::Client(_)) {
            self.sending.sealer.seal_first_hello(messages, output)
        } else {
            self.sending.sealer.seal_control(ContentType::HANDSHAKE, messages, output)
        }
    }

    fn install(&mut self, direction: Direction, keys: &TrafficKeys, next: Option<&Ratchet>) -> Result<(), Error> {
        match direction {
            Direction::Write => {
                let limit = self.role.common().records_per_key(keys.aead());
                self.sending.install(keys, next.cloned(), limit)
            }
            Direction::Read => self.install_read(keys, next.cloned()),
        }
    }

    pub(super) fn install_read(&mut self, keys: &TrafficKeys, next: Option<Ratchet>) -> Result<(), Error> {
        self.opener.install(keys)?;
        self.next_read = next;
        self.early_data_to_skip = 0;
        self.end_early_data();
        Ok(())
    }
}
