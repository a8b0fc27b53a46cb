use std::time::Instant;

use super::ends::{OpeningEnd, SealingEnd};
use super::link::{Link, Role};
use super::stall::{STALL, Stall};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, Negotiated, Received};
use crate::measure::{Part, Sample, Stopwatch};

/// Two ends driven by one thread, and the link between them.
pub(super) struct Pair<L, S, O> {
    sealing: SealingEnd<S>,
    opening: OpeningEnd<O>,
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

impl<L: Link, S: Endpoint, O: Endpoint> Pair<L, S, O> {
    /// Two ends that have completed their handshake.
    pub(super) const fn new(sealing: SealingEnd<S>, opening: OpeningEnd<O>, link: L) -> Self {
        Self { sealing, opening, link }
    }

    /// Turns the counting of heap calls of both ends on or off.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.sealing.count_heap(is_counting);
        self.opening.count_heap(is_counting);
    }

    /// What the ends negotiated.
    pub(super) fn negotiated(&self) -> Option<Negotiated> {
        self.opening.endpoint.negotiated()
    }

    /// Moves `writes` writes from one end to the other, and checks what arrives.
    pub(super) fn run(&mut self, writes: u64) -> Result<Sample, Error> {
        let syscalls = [self.link.syscalls(Role::Sealing), self.link.syscalls(Role::Opening)];
        self.sealing.begin(writes);
        self.opening.begin(writes);
        let mut watches = Watches::default();
        let mut is_sealing = true;
        let mut stall = Stall::default();
        while is_sealing || self.opening.verifier.missing() > 0 {
            if is_sealing && self.sealing.endpoint.outgoing().is_empty() {
                is_sealing = self.sealing.seal_batch(&mut watches.seal)?;
            }
            self.forward(&mut watches)?;
            if !self.opening.endpoint.outgoing().is_empty() {
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
        self.sealing.endpoint.close()?;
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
        self.link.push(Role::Sealing, from, &mut watches.push)?;
        self.link.carry(from, to)?;
        let is_open = self.link.pull(Role::Opening, to, &mut watches.pull)?;
        let is_closed = self.opening.open_waiting(&mut watches.open)?;
        if !is_open && !is_closed {
            self.opening.endpoint.end_of_input()?;
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
pub(super) fn handshake<L: Link>(
    link: &mut L,
    sealing: &mut impl Endpoint,
    opening: &mut impl Endpoint,
) -> Result<(), Error> {
    let mut watch = Stopwatch::default();
    let began = Instant::now();
    loop {
        exchange(link, (Role::Sealing, sealing), (Role::Opening, opening), &mut watch)?;
        exchange(link, (Role::Opening, opening), (Role::Sealing, sealing), &mut watch)?;
        let is_ready = !sealing.is_handshaking() && !opening.is_handshaking();
        if is_ready && sealing.outgoing().is_empty() && opening.outgoing().is_empty() {
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
    (from_end, from): (Role, &mut impl Endpoint),
    (to_end, to): (Role, &mut impl Endpoint),
    watch: &mut Stopwatch,
) -> Result<(), Error> {
    link.push(from_end, from, watch)?;
    link.carry(from, to)?;
    let is_open = link.pull(to_end, to, watch)?;
    match to.receive(|_| Err(Error::Failed("data arrived in the wrong direction".to_owned())))? {
        Received::NeedsInput if is_open => Ok(()),
        Received::NeedsInput | Received::Closed => to.end_of_input(),
    }
}

fn timed(counted: Part, engine: &Stopwatch, link: &Stopwatch) -> Part {
    let elapsed_ns = engine.total_ns() + link.total_ns();
    Part { elapsed_ns, engine_ns: engine.cpu_ns(), cpu_ns: engine.cpu_ns() + link.cpu_ns(), ..counted }
}
