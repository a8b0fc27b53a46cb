//! Single reads and writes between a transport and the buffers. They block if the transport does.

use std::io::{self, ErrorKind, Read, Write};

use crate::mem::{InBuf, OutBuf};

/// The result of one read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// This many bytes, at least one.
    Bytes(usize),
    /// The buffer is full: the connection has to take records first.
    Full,
    /// The transport would block, or its timeout has passed.
    WouldBlock,
    /// The transport has ended.
    End,
}

/// Reads once from `transport` into `input`.
pub fn fill(input: &mut InBuf, transport: &mut impl Read) -> io::Result<Filled> {
    let spare = input.spare();
    if spare.is_empty() {
        return Ok(Filled::Full);
    }
    loop {
        return match transport.read(spare) {
            Ok(0) => Ok(Filled::End),
            Ok(count) => {
                input.filled(count);
                Ok(Filled::Bytes(count))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if would_wait(&error) => Ok(Filled::WouldBlock),
            Err(error) => Err(error),
        };
    }
}

/// Writes `output` to `transport` until it is empty, which returns `true`; or `false` where the transport would block, or its
/// timeout has passed.
pub fn flush(output: &mut OutBuf, transport: &mut impl Write) -> io::Result<bool> {
    while !output.is_empty() {
        match transport.write(output.waiting()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => output.sent(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if would_wait(&error) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// A blocking socket whose timeout has passed returns the first on Linux, and the second elsewhere.
fn would_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
