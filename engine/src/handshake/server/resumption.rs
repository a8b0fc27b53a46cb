//! PSKs that the server accepts: those of sessions that it resumes, and external ones; and the tickets it gives.

use std::sync::Arc;

use rustls_pki_types::UnixTime;

use super::certificate::server_name;
use crate::crypto::{Hash, Suite};
use crate::error::Error;
use crate::handshake::config::EarlyDataPolicy;
use crate::handshake::effects::{Effects, Negotiated};
use crate::handshake::{ServerConfig, negotiate};
use crate::keys::{MasterSecret, PskOrigin, PskSecret, Transcript, resumption_psk};
use crate::limits::{EARLY_DATA_WINDOW_S, PSKS_TRIED_MAX};
use crate::mem::Digest;
use crate::msgs::{ClientHello, Message, NewSessionTicket, OfferedPsk};
use crate::session::{PSK_IDENTITY_MAX, Session, is_fresh};

/// A pre-shared key of the client's that is accepted, once its binder has verified.
#[derive(Clone)]
pub(in crate::handshake) struct AcceptedPsk {
    /// Which of the client's it is.
    pub(super) identity: u16,
    pub(super) origin: PskOrigin,
    /// The identity of an external one, or of that which its session began with.
    pub(super) external_identity: Option<Arc<[u8]>>,
    /// The first stage of the key schedule with it.
    pub(super) secret: PskSecret,
    /// What early data would be accepted with it, if any.
    pub(super) early_data: Option<EarlyDataOffer>,
}

/// The first PSK that is known here and can be used with `suite` (RFC 8446 4.2.11). Where there is none the handshake is a full
/// one.
pub(in crate::handshake) fn find_psk(
    config: &ServerConfig,
    suite: &Suite,
    hello: &ClientHello<'_>,
) -> Option<AcceptedPsk> {
    let server_name = server_name(hello);
    let mut tickets_tried = 0;
    hello.pre_shared_key?.iter().zip(0u16..).find_map(|(psk, identity)| {
        if let Some(external) = config.external_psks.get(psk.identity) {
            return external.hash().is(suite.hash).then(|| AcceptedPsk {
                identity,
                origin: external.origin(),
                external_identity: Some(external.shared_identity()),
                secret: external.secret(suite.hash),
                early_data: None,
            });
        }
        let tickets = config.tickets.as_ref().filter(|_| tickets_tried < PSKS_TRIED_MAX)?;
        tickets_tried += 1;
        let now = config.common.clock.now();
        let state = tickets.open(psk.identity, now)?;
        let session = Session::decode(&state).ok()?;
        let made_for = config.common.provider.suite(session.suite)?;
        // One that began with an external PSK is good as long as that is, and where PSKs are all that is taken, no other is.
        let external_identity = match session.psk_identity {
            Some(identity) => Some(config.external_psks.get(identity)?.shared_identity()),
            None if config.is_psk_required() => return None,
            None => None,
        };
        // The suite has the same hash (RFC 8446 4.2.11), the name is the same, and the ticket is not older than its lifetime.
        let is_resumable = made_for.hash.name() == suite.hash.name()
            && session.server_name == server_name.as_deref()
            && is_fresh(session.issued_at, tickets.lifetime_s(), now);
        is_resumable.then(|| AcceptedPsk {
            identity,
            origin: PskOrigin::Ticket,
            external_identity,
            secret: PskSecret::new(suite.hash, &session.psk, PskOrigin::Ticket),
            early_data: early_data(config, suite, hello, &session, &psk).filter(|_| identity == 0),
        })
    })
}

/// Whether the client offers an external PSK that is known here and could be used with `hash`.
pub(super) fn offers_external(config: &ServerConfig, hello: &ClientHello<'_>, hash: &dyn Hash) -> bool {
    let offered = hello.pre_shared_key.into_iter().flat_map(|offered| offered.iter());
    offered.filter_map(|psk| config.external_psks.get(psk.identity)).any(|psk| psk.hash().is(hash))
}

impl AcceptedPsk {
    /// Adds the ClientHello to `transcript`, and verifies the binder of this PSK (RFC 8446 4.2.11.2). Here early data is
    /// accepted, or not.
    pub(super) fn check_binder(
        &mut self,
        config: &ServerConfig,
        hello: &ClientHello<'_>,
        message: &Message<'_>,
        transcript: &mut Transcript,
    ) -> Result<(), Error> {
        let offered = hello.pre_shared_key.ok_or(Error::Internal("an accepted PSK that was not offered"))?;
        let binder = offered.iter().nth(self.identity.into()).map(|psk| psk.binder).unwrap_or_default();
        // It covers what is before the list of binders.
        let (before, binders) = message.bytes.split_at(message.bytes.len().saturating_sub(offered.binders_len()));
        transcript.add(before);
        if !self.secret.binder(&transcript.current()).equals(binder) {
            return Err(Error::DecryptError("the binder of a PSK"));
        }
        transcript.add(binders);
        let now = config.common.clock.now();
        let is_accepted = |offer: &EarlyDataOffer, policy: &EarlyDataPolicy| {
            offer.is_of_its_age(now) && policy.register.note(binder, offer.issued_at, now)
        };
        self.early_data.take_if(|offer| !config.early_data.as_ref().is_some_and(|policy| is_accepted(offer, policy)));
        Ok(())
    }
}

/// Early data that a client announces together with the ticket of a session that allows it.
#[derive(Clone, Copy)]
pub(in crate::handshake) struct EarlyDataOffer {
    /// The most that it may be, bytes.
    pub(super) bytes: u32,
    issued_at: UnixTime,
    /// How old the client says that its ticket is, seconds.
    claimed_age_s: u32,
}

impl EarlyDataOffer {
    /// Whether the ticket is about as old as the client says (RFC 8446 8.3). Not where a clock was set back since it was made.
    fn is_of_its_age(&self, now: UnixTime) -> bool {
        let age_s = i128::from(now.as_secs()) - i128::from(self.issued_at.as_secs());
        (age_s - i128::from(self.claimed_age_s)).unsigned_abs() <= u128::from(EARLY_DATA_WINDOW_S)
    }
}

/// The early data of a client that offers `session` with its first PSK: none with a ticket that does not allow it, nor with another suite
/// or application protocol (RFC 8446 4.2.10).
fn early_data(
    config: &ServerConfig,
    suite: &Suite,
    hello: &ClientHello<'_>,
    session: &Session<'_>,
    psk: &OfferedPsk<'_>,
) -> Option<EarlyDataOffer> {
    let policy = config.early_data.as_ref().filter(|_| hello.early_data)?;
    let alpn = negotiate::alpn(&config.common.alpn, hello).ok()?.map(|name| &**name);
    let is_same = session.suite == suite.code && session.alpn == alpn;
    let bytes = session.early_data_bytes.filter(|bytes| is_same && *bytes <= policy.max_bytes)?;
    let claimed_age_s = psk.obfuscated_age.wrapping_sub(session.age_add) / 1000;
    Some(EarlyDataOffer { bytes, issued_at: session.issued_at, claimed_age_s })
}

/// Sends the configured number of tickets, or fewer where they can't be made. `messages` is the hash up to the client's Finished (RFC 8446 4.6.1).
pub(super) fn send_tickets(
    config: &ServerConfig,
    suite: &Suite,
    master: &MasterSecret,
    negotiated: &Negotiated,
    messages: &Digest,
    effects: &mut Effects,
) -> Result<(), Error> {
    let Some(tickets) = &config.tickets else { return Ok(()) };
    let psk_identity = negotiated.psk_identity.as_deref();
    if psk_identity.is_some_and(|identity| identity.len() > PSK_IDENTITY_MAX) {
        return Ok(());
    }
    let random = config.common.random;
    let secret = master.resumption(messages);
    let early_data_bytes = config.early_data.as_ref().map(|policy| policy.max_bytes);
    for nonce in 0..config.tickets_sent {
        let mut age_add = [0; 4];
        random.fill(&mut age_add)?;
        let age_add = u32::from_be_bytes(age_add);
        let issued_at = config.common.clock.now();
        let nonce = [nonce];
        let psk = resumption_psk(suite.hash, &secret, &nonce);
        let session = Session {
            suite: suite.code,
            psk,
            issued_at,
            age_add,
            server_name: negotiated.server_name.as_deref(),
            psk_identity,
            alpn: negotiated.alpn.as_deref(),
            early_data_bytes,
        };
        let session = session.encode()?;
        // The server keeps nothing else there any more.
        let mut ticket = core::mem::take(&mut effects.kept);
        let sealed = tickets.seal(&session, random, issued_at, ticket.as_mut_vec());
        let is_good = sealed.is_ok() && (1..=usize::from(u16::MAX)).contains(&ticket.as_slice().len());
        let message = NewSessionTicket {
            lifetime_s: tickets.lifetime_s(),
            age_add,
            nonce: &nonce,
            ticket: ticket.as_slice(),
            max_early_data_bytes: early_data_bytes,
        };
        let sent = if is_good { effects.send_unhashed(|out| message.encode(out)).map(drop) } else { Ok(()) };
        ticket.clear();
        effects.kept = ticket;
        sent?;
    }
    Ok(())
}
