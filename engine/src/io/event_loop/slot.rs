use std::io::Read;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::LoopOptions;
use super::handler::{Activity, CloseReason, Handler};
use crate::conn::{Connection, JobResult, Reply, Signalled, StopReason};
use crate::error::Error;
use crate::io::{Filled, Socket, fill, flush};
use crate::limits::RECORD_CONTENT_MAX;
use crate::mem::{InBuf, OutBuf};
use crate::signal::Signal;

/// How much a peer may still send after this side has closed the connection, bytes.
const DRAINED_MAX: usize = 1 << 20;

/// One connection of a loop.
pub(super) struct Slot<H, S> {
    pub(super) tls: Signalled<S>,
    pub(super) handler: H,
    pub(super) socket: Socket,
    pub(super) peer: SocketAddr,
    input: InBuf,
    output: OutBuf,
    phase: Phase,
    /// Whether the socket may have bytes. Edge-triggered: this is reported once.
    is_readable: bool,
    /// Whether the socket may take bytes.
    is_writable: bool,
    /// Whether the system has reported that the peer has closed. Then a short read is not the last one.
    is_read_closed: bool,
    /// Whether everything that the peer has sent was read.
    has_ended: bool,
    /// How many of the bytes to send there are up to the end of the last application data among them.
    data_waiting: usize,
    /// How much application data had been sealed when this was last updated, bytes.
    sealed_bytes: u64,
    /// When its handshake began.
    pub(super) began: Instant,
    /// When it times out.
    pub(super) expires: Instant,
    /// When the loop checks for the timeout. Never later.
    pub(super) timer: Instant,
    /// Whether it is listed for a turn.
    pub(super) is_listed: bool,
    /// Whether the socket is registered for writability.
    pub(super) is_write_watched: bool,
}

/// The phase of a connection.
enum Phase {
    /// Handshake and data.
    Open,
    /// This side sends nothing but what is in the send buffer.
    Finishing(CloseReason),
    /// What is still received is dropped. To close the socket earlier could make the peer lose what was sent.
    Draining(CloseReason, usize),
}

/// Whether the handler has sent when it was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum WriteOffer {
    /// It has sent something, and may have more.
    Taken,
    /// It had nothing to send.
    Declined,
    /// It was not asked, as there was no room.
    NoRoom,
}

/// Why a connection is closed by the loop.
#[derive(Clone, Copy)]
pub(super) enum ForcedClose {
    /// It has timed out.
    Timeout,
    /// Another connection needs its permit.
    Eviction,
}

/// How a turn ended.
pub(super) enum Turn {
    /// Nothing to do until the socket is reported.
    Idle,
    /// Its budget is spent, and there is more to do.
    Cut,
    /// The connection has ended.
    Closed(CloseReason),
}

impl<H: Handler, S: Signal> Slot<H, S> {
    pub(super) fn new(
        socket: Socket,
        peer: SocketAddr,
        tls: Signalled<S>,
        output: OutBuf,
        handler: H,
        options: &LoopOptions,
        now: Instant,
    ) -> Self {
        let expires = now + options.handshake_timeout;
        Self {
            tls,
            handler,
            socket,
            peer,
            input: InBuf::pooled(&options.pool, options.input_bytes),
            output,
            phase: Phase::Open,
            is_readable: false,
            is_writable: true,
            is_read_closed: false,
            has_ended: false,
            data_waiting: 0,
            sealed_bytes: 0,
            began: now,
            expires,
            timer: expires,
            is_listed: false,
            is_write_watched: false,
        }
    }

    /// The socket was reported.
    pub(super) const fn on_event(&mut self, is_readable: bool, is_writable: bool, is_read_closed: bool) {
        self.is_readable |= is_readable | is_read_closed;
        self.is_writable |= is_writable;
        self.is_read_closed |= is_read_closed;
    }

    /// Whether the socket has to be registered for writability.
    pub(super) const fn wants_write_watch(&self) -> bool {
        !self.is_writable && !self.is_write_watched
    }

    /// Goes on with the handshake, with the result of its job. The result of another connection, which had the token before, is
    /// dropped.
    pub(super) fn resume(&mut self, result: JobResult, options: &LoopOptions, now: Instant) {
        let connection = &mut self.tls.connection;
        if matches!(self.phase, Phase::Open)
            && connection.awaits(&result)
            && let Err(error) = connection.resume(result, &mut self.output)
        {
            self.begin_close(CloseReason::Tls(error), options, now);
        }
    }

    /// Does one turn of work, without blocking.
    pub(super) fn turn(&mut self, options: &LoopOptions, scratch: &mut [u8], now: Instant) -> Turn {
        let turn = self.advance(options, scratch, now);
        match turn {
            Turn::Cut => self.tls.signal.raise(),
            // A connection that waits for its peer needs no memory, unless it has part of a record.
            Turn::Idle => {
                self.input.release_if_empty();
                self.output.release_if_empty();
            }
            Turn::Closed(_) => {}
        }
        turn
    }

    /// Sends close_notify, and ends because of `reason`. What has to be sent goes out in later turns.
    pub(super) fn finish(&mut self, reason: CloseReason, options: &LoopOptions, now: Instant) {
        if matches!(self.phase, Phase::Open) {
            self.tls.connection.close(&mut self.output);
            self.begin_close(reason, options, now);
        }
    }

    fn advance(&mut self, options: &LoopOptions, scratch: &mut [u8], now: Instant) -> Turn {
        if matches!(self.phase, Phase::Open) {
            match self.drive(options, now) {
                Ok(Some(turn)) => return turn,
                Ok(None) => self.begin_close(CloseReason::Done, options, now),
                Err(reason @ CloseReason::Tls(_)) => self.begin_close(reason, options, now),
                Err(CloseReason::Transport(error)) => return Turn::Closed(self.write_failure(error, options, now)),
                Err(reason) => return Turn::Closed(reason),
            }
        }
        self.drain(options, scratch, now)
    }

    /// Why a connection ends whose socket has failed: the alert of the peer, if it has sent one, else the failure. See
    /// [`crate::io::write_failure`].
    fn write_failure(&mut self, error: std::io::Error, options: &LoopOptions, now: Instant) -> CloseReason {
        let mut read = 0;
        while read < DRAINED_MAX {
            // It can't be sent, and without room for answers nothing is taken.
            self.output.sent(self.output.len());
            match self.deliver(&mut { usize::MAX }, options.timeout, now) {
                Ok(StopReason::NeedInput) => {}
                Ok(StopReason::BudgetSpent | StopReason::OutputFull) => continue,
                Ok(StopReason::Closed | StopReason::Paused) => break,
                Err(reason) => return reason,
            }
            match fill(&mut self.input, &mut self.socket) {
                Ok(Filled::Bytes(count)) => read += count,
                _ => break,
            }
        }
        CloseReason::Transport(error)
    }

    /// Handshake and data. Returns `None` when this side has sent close_notify.
    fn drive(&mut self, options: &LoopOptions, now: Instant) -> Result<Option<Turn>, CloseReason> {
        let mut budget = options.turn_bytes;
        loop {
            let stop_reason = self.deliver(&mut budget, options.timeout, now)?;
            let offered = self.offer_room(stop_reason, &mut budget)?;
            self.note_sealed();
            if self.tls.connection.has_sent_close() {
                return Ok(None);
            }
            let is_flushed = self.flush(options, now)?;
            let is_spent = budget == 0;
            // A handler that was not asked may have something to send. With an empty buffer the loop must not sleep then, because
            // the socket would not be reported.
            let goes_on = is_flushed && offered != WriteOffer::Declined;
            match stop_reason {
                StopReason::BudgetSpent => return Ok(Some(Turn::Cut)),
                _ if goes_on && is_spent => return Ok(Some(Turn::Cut)),
                _ if goes_on => {}
                // The loop does not read from a peer that does not read.
                _ if !is_flushed && !self.output.has_room_for_record() => return Ok(Some(Turn::Idle)),
                StopReason::OutputFull if is_spent => return Ok(Some(Turn::Cut)),
                StopReason::OutputFull => {}
                // This side still sends. What else is received does not matter.
                StopReason::Closed => return Ok(Some(Turn::Idle)),
                // Its job goes on without it.
                StopReason::Paused => return Ok(Some(Turn::Idle)),
                StopReason::NeedInput if !self.is_readable => return Ok(Some(Turn::Idle)),
                StopReason::NeedInput if is_spent => return Ok(Some(Turn::Cut)),
                StopReason::NeedInput => {
                    if !self.fill()? {
                        return Ok(Some(Turn::Idle));
                    }
                }
            }
        }
    }

    fn deliver(&mut self, budget: &mut usize, timeout: Duration, now: Instant) -> Result<StopReason, CloseReason> {
        if self.tls.connection.has_early_data() && !self.hand_out_early_data(timeout, now)? {
            return Ok(StopReason::OutputFull);
        }
        let Self { tls, handler, input, output, expires, .. } = self;
        let was_handshaking = tls.connection.is_handshaking();
        let delivered = tls
            .deliver(input, output, *budget, |data, reply| {
                if handler.on_data(data, reply)? == Activity::Progress {
                    *expires = now + timeout;
                }
                Ok(())
            })
            .map_err(CloseReason::Tls)?;
        if was_handshaking && !tls.connection.is_handshaking() {
            *expires = now + timeout;
        }
        *budget = budget.saturating_sub(delivered.record_bytes);
        if tls.connection.has_early_data() && !self.hand_out_early_data(timeout, now)? {
            return Ok(StopReason::OutputFull);
        }
        Ok(delivered.stop_reason)
    }

    /// Gives the handler early data, as much as there is room for answers: at once where it wants that, or else when the handshake is done.
    /// Returns whether what comes after it can be taken.
    #[cold]
    fn hand_out_early_data(&mut self, timeout: Duration, now: Instant) -> Result<bool, CloseReason> {
        let Self { tls: Signalled { connection, .. }, handler, output, expires, .. } = self;
        if connection.is_handshaking() && !handler.answers_early_data() {
            return Ok(true);
        }
        while connection.has_early_data() {
            if !output.has_room_for_record() {
                return Ok(false);
            }
            let data = connection.take_early_data_up_to(RECORD_CONTENT_MAX);
            let activity =
                handler.on_early_data(&data, &mut Reply::new(connection, output)).map_err(CloseReason::Tls)?;
            // The handshake has its own time, which early data does not extend.
            if activity == Activity::Progress && !connection.is_handshaking() {
                *expires = now + timeout;
            }
        }
        Ok(true)
    }

    /// Asks the handler to send, where there is room for a record.
    fn offer_room(&mut self, stop_reason: StopReason, budget: &mut usize) -> Result<WriteOffer, CloseReason> {
        let Self { tls: Signalled { connection, .. }, handler, output, .. } = self;
        if !output.has_room_for_record() {
            return Ok(WriteOffer::NoRoom);
        }
        let before = output.len();
        if connection.is_ready() {
            handler.on_writable(&mut Reply::new(connection, output)).map_err(CloseReason::Tls)?;
        }
        let sent = output.len() - before;
        *budget = budget.saturating_sub(sent);
        if stop_reason == StopReason::Closed && sent == 0 {
            if connection.is_ready() {
                handler.on_peer_closed(&mut Reply::new(connection, output)).map_err(CloseReason::Tls)?;
            }
            connection.close(output);
        }
        Ok(if sent > 0 { WriteOffer::Taken } else { WriteOffer::Declined })
    }

    /// Reads once. Returns `false` where there is nothing to read.
    fn fill(&mut self) -> Result<bool, CloseReason> {
        let room = self.input.spare().len();
        match fill(&mut self.input, &mut self.socket).map_err(CloseReason::Transport)? {
            Filled::Bytes(count) => {
                // A short read has emptied the socket, so that more data is a new event. This saves a read that finds nothing.
                self.is_readable = count == room || self.is_read_closed;
                Ok(true)
            }
            Filled::WouldBlock => {
                self.is_readable = false;
                Ok(false)
            }
            Filled::End => {
                self.is_readable = false;
                self.has_ended = true;
                self.tls.connection.end_of_input().map_err(CloseReason::Tls)?;
                Ok(true)
            }
            Filled::Full => Err(CloseReason::Tls(Error::Internal("a receive buffer too small for a record"))),
        }
    }

    /// Notes up to where there is application data in what has to be sent.
    fn note_sealed(&mut self) {
        let sealed_bytes = self.tls.connection.sealed().bytes;
        if sealed_bytes != self.sealed_bytes {
            self.sealed_bytes = sealed_bytes;
            self.data_waiting = self.output.len();
        }
    }

    /// Writes what has to be sent. Returns `false` where some of it remains. Application data that is taken restarts the timeout.
    /// Records of the protocol itself, such as alerts and KeyUpdates, do not, because the peer can provoke them.
    fn flush(&mut self, options: &LoopOptions, now: Instant) -> Result<bool, CloseReason> {
        if !self.output.is_empty() && self.is_writable {
            let waiting = self.output.len();
            let flushed = flush(&mut self.output, &mut self.socket);
            let sent = waiting - self.output.len();
            if sent > 0 && self.data_waiting > 0 && !matches!(self.phase, Phase::Finishing(CloseReason::Stopped)) {
                self.data_waiting = self.data_waiting.saturating_sub(sent);
                // Answers to early data do not extend the time that the handshake has.
                if !self.tls.connection.is_handshaking() {
                    self.expires = now + options.timeout;
                }
            }
            self.is_writable = flushed.map_err(CloseReason::Transport)?;
        }
        Ok(self.output.is_empty())
    }

    fn begin_close(&mut self, reason: CloseReason, options: &LoopOptions, now: Instant) {
        self.note_sealed();
        // A loop that is stopped does not wait for slow readers.
        let has_data = self.data_waiting > 0 && !matches!(reason, CloseReason::Stopped);
        self.expires = now + if has_data { options.timeout } else { options.linger.min(options.timeout) };
        self.phase = Phase::Finishing(reason);
    }

    /// Closes a connection: sends what is left, then reads what the peer still sends.
    fn drain(&mut self, options: &LoopOptions, scratch: &mut [u8], now: Instant) -> Turn {
        if matches!(self.phase, Phase::Finishing(_)) {
            match self.flush(options, now) {
                Ok(true) => {}
                Ok(false) => return Turn::Idle,
                // The peer is gone.
                Err(_) => return Turn::Closed(self.take_reason()),
            }
            if self.has_ended || self.socket.finish_writing().is_err() {
                return Turn::Closed(self.take_reason());
            }
            self.expires = self.expires.min(now + options.linger.min(options.timeout));
            self.phase = Phase::Draining(self.take_reason(), 0);
        }
        while self.is_readable {
            match self.socket.read(scratch) {
                Ok(0) => return Turn::Closed(self.take_reason()),
                Ok(count) => {
                    if let Phase::Draining(_, drained) = &mut self.phase {
                        *drained += count;
                        if *drained > DRAINED_MAX {
                            return Turn::Closed(self.take_reason());
                        }
                    }
                    self.is_readable = count == scratch.len() || self.is_read_closed;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => self.is_readable = false,
                Err(_) => return Turn::Closed(self.take_reason()),
            }
        }
        Turn::Idle
    }

    /// Ends the connection because of `cause`, and returns what it was made of and the reason to report.
    pub(super) fn force_close(mut self, cause: ForcedClose) -> (SocketAddr, H, Connection, Socket, CloseReason) {
        let forced = match cause {
            ForcedClose::Timeout => CloseReason::TimedOut,
            ForcedClose::Eviction => CloseReason::Evicted,
        };
        let reason = match self.phase {
            Phase::Open => {
                self.tls.connection.close(&mut self.output);
                // The peer may be gone, so a failure does not matter.
                let _ = flush(&mut self.output, &mut self.socket);
                forced
            }
            // The peer did not read the rest in time.
            Phase::Finishing(CloseReason::Done) => forced,
            Phase::Finishing(reason) | Phase::Draining(reason, _) => reason,
        };
        (self.peer, self.handler, self.tls.connection, self.socket, reason)
    }

    fn take_reason(&mut self) -> CloseReason {
        match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Open => CloseReason::Done,
            Phase::Finishing(reason) | Phase::Draining(reason, _) => reason,
        }
    }
}
