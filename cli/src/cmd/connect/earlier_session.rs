//! The connection before the one that is asked for: it brings the ticket that `--resume` needs.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tls_engine::conn::{Connection, Progress};
use tls_engine::io::{Filled, Socket, StreamParts, fill, flush};
use tls_engine::mem::OutBuf;

use super::{LOOK, connected};
use crate::error::Error;
use crate::interrupt;
use crate::net::Failure;
use crate::plan::Connect;

/// Connects, and waits for a ticket as long as `--linger` allows. Returns whether one has come. Then it hears the peer out for as long:
/// what it left unread would reset the connection, and the peer might not see its close_notify.
pub(super) fn obtain_ticket(plan: &Connect) -> Result<bool, Error> {
    let Some(tickets) = &plan.tickets else { return Ok(false) };
    let target = plan.target.to_string();
    let failed = |failure: Failure| failure.with_target(&target);
    let parts = connected(plan, &[])?.0.into_parts().map_err(|error| failed(error.into()))?;
    let StreamParts { mut connection, transport: mut socket, mut input, mut output, .. } = parts;
    let deadline = Instant::now() + plan.linger;
    let mut is_leaving = false;
    while Instant::now() < deadline {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        if !is_leaving && !tickets.is_empty() {
            is_leaving = true;
            say_goodbye(&mut connection, &mut socket, &mut output);
        }
        match connection.read_tls(&mut input, &mut output) {
            Ok(Progress::Data(_) | Progress::Advanced) => continue,
            // Its jobs are done at once.
            Ok(Progress::NeedInput | Progress::Paused) => {}
            // Without a ticket it is told that there was none. The connection that counts comes next.
            Ok(Progress::Closed) | Err(_) => break,
        }
        match fill(&mut input, &mut socket) {
            Ok(Filled::Bytes(_)) => {}
            Ok(Filled::WouldBlock | Filled::Full) => {
                let readable = PollFd::from_borrowed_fd(socket.tcp().as_fd(), PollFlags::IN);
                let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as _ };
                // Whatever it says, the loop looks again.
                let _ = poll(&mut [readable], Some(&timeout));
            }
            Ok(Filled::End) | Err(_) => break,
        }
    }
    say_goodbye(&mut connection, &mut socket, &mut output);
    Ok(!tickets.is_empty())
}

/// A courtesy to the peer, without which this end goes as well.
fn say_goodbye(connection: &mut Connection, socket: &mut Socket, output: &mut OutBuf) {
    connection.close(output);
    let _ = flush(output, socket);
}
