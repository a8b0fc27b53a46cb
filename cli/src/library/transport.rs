//! Single reads and writes between a transport and an endpoint. They block if the transport does.

use std::io::{self, ErrorKind, Read, Write};

use tls_engine::io::Filled;

use super::{Endpoint, Received};
use crate::error::Error;

/// Reads once from `transport` into `endpoint`.
#[inline]
pub fn fill(endpoint: &mut impl Endpoint, transport: &mut impl Read) -> io::Result<Filled> {
    let space = endpoint.space();
    if space.is_empty() {
        return Ok(Filled::Full);
    }
    loop {
        return match transport.read(space) {
            Ok(0) => Ok(Filled::End),
            Ok(count) => {
                endpoint.filled(count);
                Ok(Filled::Bytes(count))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if would_wait(&error) => Ok(Filled::WouldBlock),
            Err(error) => Err(error),
        };
    }
}

/// Writes all outgoing bytes to `transport`. Returns `false` if the transport would block, or its timeout has passed.
#[inline]
pub fn flush(endpoint: &mut impl Endpoint, transport: &mut impl Write) -> io::Result<bool> {
    while !endpoint.outgoing().is_empty() {
        match transport.write(endpoint.outgoing()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => endpoint.sent(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if would_wait(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Why a write failed with `error`: the alert that the peer has sent, if there is one. A peer closes its socket right behind an
/// alert, so that often a write fails before the alert was read.
pub fn write_failure(endpoint: &mut impl Endpoint, transport: &mut impl Read, error: io::Error) -> Error {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    while matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset) {
        match endpoint.receive(|_| Ok(())) {
            Err(found) => return found,
            // This does not block: the peer is gone.
            Ok(Received::NeedsInput) if matches!(fill(endpoint, transport), Ok(Filled::Bytes(_))) => {}
            Ok(_) => break,
        }
    }
    Error::io("sending", error)
}

/// A blocking socket whose timeout has passed returns the first on Linux, and the second elsewhere.
fn would_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
