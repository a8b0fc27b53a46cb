//! What is done with a connection once its handshake is over.

use std::time::{Duration, Instant};

use super::http;
use super::outcome::End;
use crate::measure::Pattern;
use crate::net::{Conversation, Failure};
use crate::plan::Mode;
use crate::workload::SOURCE_SEED;

/// What a source sends at once, bytes.
const PIECE_BYTES: usize = 64 << 10;
/// After how many pieces a source looks whether the client has had enough.
const PIECES_BETWEEN_LOOKS: u32 = 16;

/// Does what `mode` says. `timeout` is for each wait.
pub(super) fn run(mode: Mode, conversation: &mut Conversation, timeout: Duration) -> Result<End, Failure> {
    match mode {
        Mode::Sink => sink(conversation, timeout),
        Mode::Source => source(conversation, timeout),
        Mode::Echo => echo(conversation, timeout),
        Mode::Http => http::run(conversation, timeout),
    }
}

/// Takes all; at the end tells how much it was, so that the sender can compare.
fn sink(conversation: &mut Conversation, timeout: Duration) -> Result<End, Failure> {
    let mut bytes = 0_u64;
    while conversation.wait(Instant::now() + timeout)? {
        bytes += conversation.skip()? as u64;
    }
    let deadline = Instant::now() + timeout;
    let answer = conversation.send(format!("received {bytes} bytes\n").as_bytes(), deadline);
    gone_is_done(answer.and_then(|()| conversation.close(deadline)))
}

/// Sends until the client ends the connection.
fn source(conversation: &mut Conversation, timeout: Duration) -> Result<End, Failure> {
    let pattern = Pattern::new(SOURCE_SEED, PIECE_BYTES);
    let mut position = 0;
    loop {
        for _ in 0..PIECES_BETWEEN_LOOKS {
            // A client that has what it wants leaves without a word.
            match conversation.send(pattern.at(position, PIECE_BYTES), Instant::now() + timeout) {
                Err(failure) if failure.is_gone() => return Ok(End::Done),
                result => result?,
            }
            position += PIECE_BYTES as u64;
        }
        match conversation.is_over() {
            Ok(true) => return gone_is_done(conversation.close(Instant::now() + timeout)),
            Err(failure) if failure.is_gone() => return Ok(End::Done),
            result => result?,
        };
    }
}

/// Sends back what comes.
fn echo(conversation: &mut Conversation, timeout: Duration) -> Result<End, Failure> {
    let mut data = Vec::new();
    while conversation.wait(Instant::now() + timeout)? {
        data.clear();
        conversation.take(&mut data)?;
        conversation.send(&data, Instant::now() + timeout)?;
    }
    gone_is_done(conversation.close(Instant::now() + timeout))
}

/// A last word to a peer that is gone is no failure.
fn gone_is_done(result: Result<(), Failure>) -> Result<End, Failure> {
    match result {
        Err(failure) if !failure.is_gone() => Err(failure),
        _ => Ok(End::Done),
    }
}
