use std::time::Instant;

use tls_engine::conn::{Negotiated, Progress};

use super::ends::{Endpoint, OpeningEnd, SealingEnd};
use super::link::{Link, Role};
use super::stall::{STALL, Stall};
use crate::error::Error;
use crate::interrupt;
use crate::measure::{Part, Sample, Stopwatch};

/// Two ends driven by one thread, and the link between them.
pub(super) struct Pair<L> {
    sealing: SealingEnd,
    opening: OpeningEnd,
    pub(super) link: L,
}

/// The clocks of a block: each end's engine, and its share of the link.
#[derive(Default)]
struct Watches {
    seal: Stopwatch,
    push: Stopwatch,
    pull: Stopwatch,
    open: Stopwatch,
    /// What flows against the data; it is not part of the measurement.
    back: Stopwatch,
}

impl<L: Link> Pair<L> {
    /// Two ends that have completed their handshake.
    pub(super) const fn new(sealing: SealingEnd, opening: OpeningEnd, link: L) -> Self {
        Self { sealing, opening, link }
    }

    /// Turns the counting of heap calls of both ends on or off.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.sealing.count_heap(is_counting);
        self.opening.count_heap(is_counting);
    }

    /// What the ends negotiated.
    pub(super) fn negotiated(&self) -> Option<&Negotiated> {
        self.opening.endpoint.connection.negotiated()
    }

    /// Moves `writes` writes of `write_bytes` from one end to the other, and checks what arrives.
    pub(super) fn run(&mut self, writes: u64, write_bytes: u64) -> Result<Sample, Error> {
        let syscalls = [self.link.syscalls(Role::Sealing), self.link.syscalls(Role::Opening)];
        self.sealing.begin(writes);
        self.opening.begin(writes * write_bytes);
        let mut watches = Watches::default();
        let mut is_sealing = true;
        let mut stall = Stall::default();
        while is_sealing || self.opening.verifier.missing() > 0 {
            if is_sealing && self.sealing.endpoint.output.is_empty() {
                is_sealing = self.sealing.seal_batch(&mut watches.seal)?;
            }
            self.forward(&mut watches)?;
            if !self.opening.endpoint.output.is_empty() {
                self.backward(&mut watches)?;
            }
            stall.check(self.opening.verifier.position())?;
            interrupt::check()?;
        }
        self.opening.verifier.check_complete()?;
        let mut send = timed(self.sealing.counted(), &watches.seal, &watches.push);
        let mut receive = timed(self.opening.counted(), &watches.open, &watches.pull);
        send.syscalls = self.link.syscalls(Role::Sealing) - syscalls[0];
        receive.syscalls = self.link.syscalls(Role::Opening) - syscalls[1];
        let total_ns = Some(send.elapsed_ns + receive.elapsed_ns);
        Ok(Sample { send: Some(send), receive: Some(receive), total_ns })
    }

    /// Closes the conversation as RFC 8446 6.1 requires, and checks that the other end noticed.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        let mut watches = Watches::default();
        self.opening.begin(0);
        let Endpoint { connection, output, .. } = &mut self.sealing.endpoint;
        connection.close(output);
        let mut stall = Stall::default();
        while !self.forward(&mut watches)? {
            stall.check(0)?;
            interrupt::check()?;
        }
        self.opening.verifier.check_complete()
    }

    /// Delivers and opens what the sealing end has sealed. Returns `true` if that was the last of its data.
    fn forward(&mut self, watches: &mut Watches) -> Result<bool, Error> {
        let (from, to) = (&mut self.sealing.endpoint, &mut self.opening.endpoint);
        self.link.push(Role::Sealing, &mut from.output, &mut watches.push)?;
        self.link.carry(&mut from.output, &mut to.input)?;
        let is_open = self.link.pull(Role::Opening, &mut to.input, &mut watches.pull)?;
        let is_closed = self.opening.open_waiting(&mut watches.open)?;
        if !is_open && !is_closed {
            self.opening.endpoint.connection.end_of_input()?;
        }
        Ok(is_closed)
    }

    /// Delivers what the opening end has to send, such as key updates of its own, to the sealing end.
    fn backward(&mut self, watches: &mut Watches) -> Result<(), Error> {
        let (from, to) = (&mut self.opening.endpoint, &mut self.sealing.endpoint);
        exchange(&mut self.link, (Role::Opening, from), (Role::Sealing, to), &mut watches.back)
    }
}

/// Completes the handshake of `sealing` and `opening`, whichever of them is the client.
pub(super) fn handshake<L: Link>(link: &mut L, sealing: &mut Endpoint, opening: &mut Endpoint) -> Result<(), Error> {
    let mut watch = Stopwatch::default();
    let began = Instant::now();
    loop {
        exchange(link, (Role::Sealing, sealing), (Role::Opening, opening), &mut watch)?;
        exchange(link, (Role::Opening, opening), (Role::Sealing, sealing), &mut watch)?;
        let is_ready = sealing.connection.is_ready() && opening.connection.is_ready();
        if is_ready && sealing.output.is_empty() && opening.output.is_empty() {
            return Ok(());
        }
        interrupt::check()?;
        if began.elapsed() > STALL {
            return Err(Error::Failed("the handshake does not finish".to_owned()));
        }
    }
}

/// Carries one direction of the conversation while there is no application data.
fn exchange<L: Link>(
    link: &mut L,
    (from_end, from): (Role, &mut Endpoint),
    (to_end, to): (Role, &mut Endpoint),
    watch: &mut Stopwatch,
) -> Result<(), Error> {
    link.push(from_end, &mut from.output, watch)?;
    link.carry(&mut from.output, &mut to.input)?;
    let is_open = link.pull(to_end, &mut to.input, watch)?;
    loop {
        match to.connection.read_tls(&mut to.input, &mut to.output)? {
            Progress::NeedInput if is_open => return Ok(()),
            Progress::NeedInput | Progress::Closed => return Ok(to.connection.end_of_input()?),
            Progress::Advanced => {}
            Progress::Data(_) => return Err(Error::Failed("data arrived in the wrong direction".to_owned())),
        }
    }
}

fn timed(counted: Part, engine: &Stopwatch, link: &Stopwatch) -> Part {
    let elapsed_ns = engine.total_ns() + link.total_ns();
    Part { elapsed_ns, engine_ns: engine.cpu_ns(), cpu_ns: engine.cpu_ns() + link.cpu_ns(), ..counted }
}
