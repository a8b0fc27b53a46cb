//! The session that a client keeps for its next connection.
#![allow(unsafe_code)]

use std::sync::{Arc, Mutex, PoisonError};

use tls_engine::codes::ProtocolVersion;
use tlsbench::error::Error;

use crate::errors::failed;
use crate::native::ssl::{Ssl, SslContextBuilder, SslSession, SslSessionCacheMode};

/// Where the newest session of a context is.
pub(crate) struct Sessions {
    newest: Arc<Mutex<Option<SslSession>>>,
    /// Whether a session is for one connection only.
    is_single_use: bool,
}

impl Sessions {
    /// Lets clients of `context`, which speak `version`, leave their sessions.
    pub(crate) fn new(context: &mut SslContextBuilder, version: ProtocolVersion) -> Self {
        let newest = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&newest);
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context.set_new_session_callback(move |_, session| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
        });
        Self { newest, is_single_use: version == ProtocolVersion::TLS13 }
    }

    /// Lets a client of the context resume the session, if there is one.
    pub(crate) fn resume(&self, ssl: &mut Ssl) -> Result<(), Error> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let session = if self.is_single_use { newest.take() } else { newest.clone() };
        // SAFETY: the session is of a connection of the same context.
        session.map_or(Ok(()), |session| unsafe { ssl.set_session(&session) }.map_err(failed))
    }
}
