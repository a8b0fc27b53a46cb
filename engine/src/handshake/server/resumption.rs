//! Sessions that the server resumes, and the tickets it gives.

use super::certificate::server_name;
use crate::crypto::Suite;
use crate::error::Error;
use crate::handshake::ServerConfig;
use crate::handshake::effects::Effects;
use crate::keys::{EarlySecret, MasterSecret, Transcript, resumption_psk};
use crate::limits::PSKS_TRIED_MAX;
use crate::msgs::{ClientHello, Message, NewSessionTicket};
use crate::session::{Session, Tickets, is_fresh};

/// A pre-shared key of the client's that is accepted, once its binder has verified.
#[derive(Clone)]
pub(in crate::handshake) struct AcceptedPsk {
    /// Which of the client's it is.
    pub(super) identity: u16,
    /// The first stage of the key schedule with it.
    pub(super) early: EarlySecret,
}

/// Whether the client offers a ticket, and it could be accepted: with a key exchange (RFC 8446 4.2.9).
pub(super) fn offers_ticket(config: &ServerConfig, hello: &ClientHello<'_>) -> bool {
    config.tickets.is_some() && hello.pre_shared_key.is_some() && hello.takes_psk_dhe_ke()
}

/// The first PSK of a session that can be resumed (RFC 8446 4.2.11). Where there is none the handshake is a full one.
pub(in crate::handshake) fn find_psk(
    config: &ServerConfig,
    suite: &Suite,
    hello: &ClientHello<'_>,
) -> Option<AcceptedPsk> {
    let (Some(tickets), Some(offered), true) = (&config.tickets, hello.pre_shared_key, hello.takes_psk_dhe_ke()) else {
        return None;
    };
    let server_name = server_name(hello);
    let mut offers = offered.iter().take(PSKS_TRIED_MAX).zip(0u16..);
    offers.find_map(|(psk, identity)| {
        let early = resume(config, &**tickets, suite, server_name.as_deref(), psk.identity)?;
        Some(AcceptedPsk { identity, early })
    })
}

impl AcceptedPsk {
    /// Adds the ClientHello to `transcript`, and verifies the binder of this PSK (RFC 8446 4.2.11.2).
    pub(super) fn check_binder(
        &self,
        hello: &ClientHello<'_>,
        message: &Message<'_>,
        transcript: &mut Transcript,
    ) -> Result<(), Error> {
        let offered = hello.pre_shared_key.ok_or(Error::Internal("an accepted PSK that was not offered"))?;
        let binder = offered.iter().nth(self.identity.into()).map(|psk| psk.binder).unwrap_or_default();
        // It covers what is before the list of binders.
        let (before, binders) = message.bytes.split_at(message.bytes.len().saturating_sub(offered.binders_len()));
        transcript.add(before);
        if !self.early.resumption_binder(&transcript.current()).equals(binder) {
            return Err(Error::DecryptError("the binder of a PSK"));
        }
        transcript.add(binders);
        Ok(())
    }
}

/// Resumes the session of a ticket, if that can be done now: the suite has the same hash (RFC 8446 4.2.11), the name is the same, and
/// the ticket is not older than its lifetime.
fn resume(
    config: &ServerConfig,
    tickets: &dyn Tickets,
    suite: &Suite,
    server_name: Option<&str>,
    ticket: &[u8],
) -> Option<EarlySecret> {
    let now = config.common.clock.now();
    let state = tickets.open(ticket, now)?;
    let session = Session::decode(&state).ok()?;
    let made_for = config.common.provider.suite(session.suite)?;
    let is_resumable = made_for.hash.name() == suite.hash.name()
        && session.server_name == server_name
        && is_fresh(session.issued_at, tickets.lifetime_s(), now);
    is_resumable.then(|| EarlySecret::new(suite.hash, Some(&session.psk)))
}

/// Sends the configured number of tickets, or fewer where they can't be made, once the client's Finished is in `transcript` (RFC 8446 4.6.1).
pub(super) fn send_tickets(
    config: &ServerConfig,
    suite: &Suite,
    master: &MasterSecret,
    server_name: Option<&str>,
    transcript: &Transcript,
    effects: &mut Effects,
) -> Result<(), Error> {
    let Some(tickets) = &config.tickets else { return Ok(()) };
    let random = config.common.random;
    let secret = master.resumption(&transcript.current());
    for nonce in 0..config.tickets_sent {
        let mut age_add = [0; 4];
        random.fill(&mut age_add)?;
        let age_add = u32::from_be_bytes(age_add);
        let issued_at = config.common.clock.now();
        let nonce = [nonce];
        let psk = resumption_psk(suite.hash, &secret, &nonce);
        let session = Session { suite: suite.code, psk, issued_at, age_add, server_name }.encode()?;
        // The server keeps nothing else there any more.
        let mut ticket = core::mem::take(&mut effects.kept);
        let sealed = tickets.seal(&session, random, issued_at, ticket.as_mut_vec());
        let is_good = sealed.is_ok() && (1..=usize::from(u16::MAX)).contains(&ticket.as_slice().len());
        let message = NewSessionTicket {
            lifetime_s: tickets.lifetime_s(),
            age_add,
            nonce: &nonce,
            ticket: ticket.as_slice(),
            max_early_data_bytes: None,
        };
        let sent = if is_good { effects.send_unhashed(|out| message.encode(out)).map(drop) } else { Ok(()) };
        ticket.clear();
        effects.kept = ticket;
        sent?;
    }
    Ok(())
}
