use std::io::{self, ErrorKind, Read};

use super::step::{Filled, fill};
use crate::conn::{Connection, Plaintext, Received};
use crate::error::Error;
use crate::mem::{InBuf, OutBuf};

/// Why a stream failed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// TLS failed. The alert, if there is one, was sent.
    #[error(transparent)]
    Tls(#[from] Error),
    /// The transport failed.
    #[error(transparent)]
    Transport(#[from] io::Error),
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Transport(error) => error,
            StreamError::Tls(Error::Truncated) => Self::new(ErrorKind::UnexpectedEof, Error::Truncated),
            StreamError::Tls(error) => Self::new(ErrorKind::InvalidData, error),
        }
    }
}

/// Why a write to `transport` has failed with `error`: the alert that the peer has sent, if there is one, else `error`. A peer
/// closes its socket right behind an alert, so that often a write fails before the alert was read.
///
/// The connection ends with this. Data before the alert is dropped, and so is what was to be sent.
pub fn write_failure(
    connection: &mut Connection,
    input: &mut InBuf,
    output: &mut OutBuf,
    transport: &mut impl Read,
    error: io::Error,
) -> StreamError {
    write_failure_with(connection, input, output, transport, error, |_| true)
}

/// The same for a connection that may still be read from: `take` gets the data before the alert, and returns whether to look
/// further.
pub(super) fn write_failure_with(
    connection: &mut Connection,
    input: &mut InBuf,
    output: &mut OutBuf,
    transport: &mut impl Read,
    error: io::Error,
    mut take: impl FnMut(Plaintext) -> bool,
) -> StreamError {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    // Nothing can be sent any more, whatever is found.
    output.sent(output.len());
    while matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset) {
        match connection.receive(input, output) {
            Err(found) => return found.into(),
            Ok(Received::Advanced) => {}
            Ok(Received::Data(plaintext)) if take(plaintext) => {}
            // What the peer has sent can't be read before the job is done. It is not worth waiting for that.
            Ok(Received::Data(_) | Received::Paused | Received::Closed) => break,
            // This does not block: the peer is gone.
            Ok(Received::NeedInput) if matches!(fill(input, transport), Ok(Filled::Bytes(_))) => {}
            Ok(Received::NeedInput) => break,
        }
    }
    output.sent(output.len());
    error.into()
}
