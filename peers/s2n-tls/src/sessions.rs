use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use s2n_tls::callbacks::{SessionTicket, SessionTicketCallback};
use s2n_tls::config::Builder;
use s2n_tls::connection::Connection;
use tls_engine::codes::ProtocolVersion;
use tls_engine::crypto::Provider;
use tlsbench::error::Error;

use crate::failed;

/// What names the key of the tickets.
const KEY_NAME: &[u8] = b"tlsbench";
/// The length of the key, bytes.
const KEY_LEN: usize = 32;

/// The session that a client keeps for its next connection.
#[derive(Clone)]
pub(crate) struct Sessions {
    newest: Arc<Mutex<Option<Vec<u8>>>>,
    /// Whether a session is for one connection only.
    is_single_use: bool,
}

impl Sessions {
    /// Lets clients of `config`, which speak `version`, leave their sessions.
    pub(crate) fn new(config: &mut Builder, version: ProtocolVersion) -> Result<Self, Error> {
        let sessions = Self { newest: Arc::default(), is_single_use: version == ProtocolVersion::TLS13 };
        config.set_session_ticket_callback(sessions.clone()).map_err(failed)?;
        Ok(sessions)
    }

    /// Lets a client resume the session, if there is one.
    pub(crate) fn resume(&self, connection: &mut Connection) -> Result<(), Error> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let session = if self.is_single_use { newest.take() } else { newest.clone() };
        session.map_or(Ok(()), |session| connection.set_session_ticket(&session).map(drop).map_err(failed))
    }
}

impl SessionTicketCallback for Sessions {
    fn on_session_ticket(&self, _: &mut Connection, ticket: &SessionTicket) {
        let mut session = vec![0; ticket.len().unwrap_or(0)];
        // Without a session the next handshake is a full one, which is an error there.
        let is_whole = !session.is_empty() && ticket.data(&mut session).is_ok();
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = is_whole.then_some(session);
    }
}

/// Lets a server send tickets under a new key: one after each handshake, unless s2n-tls is told another number.
pub(crate) fn send_tickets(config: &mut Builder) -> Result<(), Error> {
    let mut key = [0; KEY_LEN];
    Provider::auto().random.fill(&mut key).map_err(failed)?;
    config.add_session_ticket_key(KEY_NAME, &key, SystemTime::now()).map(drop).map_err(failed)
}
