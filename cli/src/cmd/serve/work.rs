use std::sync::Arc;

use tls_engine::Error;
use tls_engine::conn::Reply;
use tls_engine::io::event_loop::{Activity, Echo, Handler, Sink};

use super::http::Http;
use crate::measure::Pattern;
use crate::net::Failure;
use crate::plan::Mode;

/// What a source offers at once, bytes: about as much as a connection has room for.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// What is done with one connection, in steps that never wait.
pub(super) enum Work {
    Sink(Sink),
    Source(Source),
    Echo(Echo),
    Http(Http),
}

impl Work {
    pub(super) fn new(mode: Mode, pattern: &Arc<Pattern>) -> Self {
        match mode {
            Mode::Sink => Self::Sink(Sink::default()),
            Mode::Source => Self::Source(Source { pattern: Arc::clone(pattern), position: 0 }),
            Mode::Echo => Self::Echo(Echo),
            Mode::Http => Self::Http(Http::default()),
        }
    }

    /// Whether this is how clients end such a conversation.
    pub(super) fn ends_well_with(&self, failure: &Failure) -> bool {
        match self {
            Self::Sink(_) | Self::Echo(_) => false,
            // Clients that have received enough may close without close_notify.
            Self::Source(_) => failure.is_gone(),
            Self::Http(http) => http.is_idle() && (failure.is_gone() || matches!(failure, Failure::Late)),
        }
    }
}

impl Handler for Work {
    fn on_data(&mut self, data: &[u8], reply: &mut Reply<'_>) -> Result<Activity, Error> {
        match self {
            Self::Sink(sink) => sink.on_data(data, reply),
            Self::Source(source) => source.on_data(data, reply),
            Self::Echo(echo) => echo.on_data(data, reply),
            Self::Http(http) => http.on_data(data, reply),
        }
    }

    /// A page is about a handshake that is done, and the others have nothing to answer.
    fn answers_early_data(&self) -> bool {
        matches!(self, Self::Echo(_))
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        match self {
            Self::Sink(sink) => sink.on_writable(reply),
            Self::Source(source) => source.on_writable(reply),
            Self::Echo(echo) => echo.on_writable(reply),
            Self::Http(http) => http.on_writable(reply),
        }
    }

    fn on_peer_closed(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        match self {
            Self::Sink(sink) => sink.on_peer_closed(reply),
            Self::Source(source) => source.on_peer_closed(reply),
            Self::Echo(echo) => echo.on_peer_closed(reply),
            Self::Http(http) => http.on_peer_closed(reply),
        }
    }
}

/// Sends until the client ends the connection.
pub(super) struct Source {
    pattern: Arc<Pattern>,
    position: u64,
}

impl Handler for Source {
    fn on_data(&mut self, _: &[u8], _: &mut Reply<'_>) -> Result<Activity, Error> {
        // Only a client that takes what it is sent has more time.
        Ok(Activity::Partial)
    }

    fn on_writable(&mut self, reply: &mut Reply<'_>) -> Result<(), Error> {
        if !reply.connection().is_closed_by_peer() {
            self.position += reply.send(&[self.pattern.at(self.position, PIECE_BYTES)])? as u64;
        }
        Ok(())
    }
}
