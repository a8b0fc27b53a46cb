use tls_engine::codes::ProtocolVersion;

use super::raw::Raw;
use super::{Handshakes, Prepared, Round, Work, counted, idle};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, HandshakeKind, Library, Negotiated};
use crate::measure::Stopwatch;
use crate::schema::Side;
use crate::stats;
use crate::workload::handshake_driver::{Observer, SideStopwatches, Unobserved, drive_handshake};
use crate::workload::link::Link;

/// Handshakes in this process, in one thread.
pub(super) struct Local<T, L> {
    work: Work<T>,
    link: L,
    /// The bare cryptography of each pair; none where it has no equal.
    raw: Vec<Raw>,
    /// The pair whose turn it is.
    next: usize,
}

impl<T: Library, L: Link> Local<T, L> {
    /// Handshakes of all pairs of `work` over `link`.
    pub(super) const fn new(work: Work<T>, link: L) -> Self {
        Self { work, link, raw: Vec::new(), next: 0 }
    }

    fn timed(&mut self, index: usize, round: &mut Round) -> Result<[u64; 2], Error> {
        let mut watches = SideStopwatches::default();
        let established = self.work.shake_hands(&self.work.pairs[index], &mut self.link, &mut watches)?;
        round.handshakes_ns.push(established.elapsed_ns);
        round.retried += usize::from(established.hello_retry);
        round.resumed += usize::from(established.client.negotiated().is_some_and(|told| told.is_resumed));
        watches.on(Side::Client, || drop(established.client));
        watches.on(Side::Server, || drop(established.server));
        let watches = [watches.client, watches.server];
        round.busy_ns += watches.iter().map(Stopwatch::total_ns).sum::<u64>();
        Ok(watches.map(|watch| watch.cpu_ns()))
    }

    /// Whether there is bare cryptography to compare such handshakes with: that of full ones in TLS 1.3, in groups that the
    /// provider has.
    fn has_equal(&self, negotiated: &Negotiated) -> bool {
        let mut groups = negotiated.group.into_iter().chain(self.work.first_share());
        negotiated.version == ProtocolVersion::TLS13
            && !negotiated.is_resumed
            && groups.all(|group| self.work.provider.group(group).is_some())
    }

    fn bare(&self, index: usize) -> Result<[u64; 2], Error> {
        let (raw, pair) = (&self.raw[index], &self.work.pairs[index]);
        let mut watches = SideStopwatches::default();
        watches.on(Side::Client, || raw.client(pair, &self.work.name))?;
        watches.on(Side::Server, || raw.server(pair))?;
        Ok([watches.client.cpu_ns(), watches.server.cpu_ns()])
    }
}

impl<T: Library, L: Link + Send> Handshakes for Local<T, L> {
    fn prepare(&mut self) -> Result<Prepared, Error> {
        let first = self.work.pairs.first();
        let first = first.ok_or_else(|| Error::Failed("there is no pair to perform handshakes".to_owned()))?;
        if self.work.kind == HandshakeKind::Resumed {
            // Each pair needs a session.
            for pair in &self.work.pairs {
                drive_handshake(&pair.library, &mut self.link, &mut Unobserved)?;
            }
        }
        let established = self.work.shake_hands(first, &mut self.link, &mut Unobserved)?;
        let negotiated = established.client.negotiated();
        let negotiated = negotiated.ok_or_else(|| Error::Failed("the handshake negotiated nothing".to_owned()))?;
        let counted = counted::count(&self.work, &mut self.link)?;
        if self.has_equal(&negotiated) {
            let new_raw = |pair| Raw::new(&self.work, pair, &negotiated, established.wire_bytes);
            self.raw = self.work.pairs.iter().map(new_raw).collect::<Result<Vec<_>, _>>()?;
        }
        let idle = idle::count(&self.work)?;
        Ok(Prepared { negotiated, counted, idle })
    }

    fn round(&mut self, connections: usize, is_raw_first: bool) -> Result<Round, Error> {
        let mut round = Round::default();
        let first = self.next;
        let orders = [is_raw_first, !is_raw_first].into_iter().filter(|is_raw| !is_raw || !self.raw.is_empty());
        for is_raw in orders.collect::<Vec<_>>() {
            let mut times = [Vec::new(), Vec::new()];
            for number in 0..connections {
                interrupt::check()?;
                let index = (first + number) % self.work.pairs.len();
                let [client, server] = if is_raw { self.bare(index)? } else { self.timed(index, &mut round)? };
                times[0].push(client as f64 / 1e3);
                times[1].push(server as f64 / 1e3);
            }
            // The median connection: if other programs interrupt the thread, they do so in few of them.
            let medians = times.map(|times| stats::median(&times).unwrap_or(0.0));
            if is_raw {
                round.raw_us = Some(medians);
            } else {
                round.cpu_us = medians;
            }
        }
        self.next = (first + connections) % self.work.pairs.len();
        Ok(round)
    }
}
