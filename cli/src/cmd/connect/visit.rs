//! A connection without a conversation: for its handshake alone, or for the ticket that it brings.

use std::os::fd::AsFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tls_engine::conn::{Connection, Progress};
use tls_engine::io::{Filled, fill, flush};
use tls_engine::mem::OutBuf;

use super::LOOK;
use super::open::{Opened, note_traffic};
use crate::error::Error;
use crate::interrupt;
use crate::net::DeadlineSocket;
use crate::plan::Connect;
use crate::schema::connection::Connection as About;

/// Leaves again, after waiting for a ticket as long as `--linger` allows where sessions are to be resumed. Then it hears the peer
/// out for as long: what it left unread would reset the connection, and the peer might not see its close_notify.
pub(super) fn leave(plan: &Connect, opened: Opened, about: &mut About) -> Result<(), Error> {
    let Opened { mut connection, mut socket, mut input, mut output, .. } = opened;
    let deadline = Instant::now() + plan.linger;
    let mut is_leaving = false;
    while Instant::now() < deadline {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        if !is_leaving && (!plan.resumes || plan.tickets.has_ticket()) {
            is_leaving = true;
            say_goodbye(&mut connection, &mut socket, &mut output);
        }
        match connection.read_tls(&mut input, &mut output) {
            Ok(Progress::Data(data)) => {
                about.answer_bytes += data.len() as u64;
                continue;
            }
            Ok(Progress::Advanced) => continue,
            // Its jobs are done at once.
            Ok(Progress::NeedInput | Progress::Paused) => {}
            // Without a ticket it is told that there was none. The connection that counts comes next.
            Ok(Progress::Closed) | Err(_) => break,
        }
        match fill(&mut input, &mut socket) {
            Ok(Filled::Bytes(_)) => {}
            Ok(Filled::WouldBlock | Filled::Full) => {
                let readable = PollFd::from_borrowed_fd(socket.socket().tcp().as_fd(), PollFlags::IN);
                let timeout = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as _ };
                // Whatever it says, the loop looks again.
                let _ = poll(&mut [readable], Some(&timeout));
            }
            Ok(Filled::End) | Err(_) => break,
        }
    }
    say_goodbye(&mut connection, &mut socket, &mut output);
    note_traffic(about, socket.traffic());
    Ok(())
}

/// A courtesy to the peer, without which this end goes as well.
fn say_goodbye(connection: &mut Connection, socket: &mut DeadlineSocket, output: &mut OutBuf) {
    connection.close(output);
    let _ = flush(output, socket);
}
