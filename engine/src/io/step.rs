//! Single steps between a transport and the buffers, blocking or not as the transport is.

use std::io::{self, ErrorKind, Read, Write};

use crate::mem::{InBuf, OutBuf};

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// This many bytes, at least one.
    Bytes(usize),
    /// The buffer holds as much as it can: the connection has to take records first.
    Full,
    /// Nothing now; the transport would have to wait.
    WouldBlock,
    /// The transport has ended.
    End,
}

/// Reads once into `input`.
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
            // A blocking socket with a timeout says the same; its caller asks for the timeout and tells them apart.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Filled::WouldBlock),
            Err(error) => Err(error),
        };
    }
}

/// Writes `output` until it is empty (`true`) or the transport would have to wait (`false`).
pub fn flush(output: &mut OutBuf, transport: &mut impl Write) -> io::Result<bool> {
    while !output.is_empty() {
        match transport.write(output.waiting()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => output.sent(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
