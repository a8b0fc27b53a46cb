use tls_engine::codes::ProtocolVersion;

use super::raw::Raw;
use super::{Handshakes, PhaseTimes, Prepared, Round, Work, counted, idle, phases};
use crate::error::Error;
use crate::interrupt;
use crate::library::{Endpoint, HandshakeKind, Library, Negotiated};
use crate::measure::Stopwatch;
use crate::schema::Side;
use crate::stats;
use crate::workload::handshake_driver::{Observer, SideStopwatches, Unobserved, drive_handshake};
use crate::workload::link::Link;

/// A part of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Handshakes that are timed as a whole.
    Timed,
    /// Their bare cryptography.
    Bare,
    /// The phases of others.
    Phases,
}

/// The most lanes of a round.
pub(super) const LANES_MAX: usize = 3;

/// Handshakes in this process, in one thread.
pub(super) struct Local<T, L> {
    work: Work<T>,
    link: L,
    /// The kinds of handshakes until their order repeats.
    order: Vec<usize>,
    /// The bare cryptography of each pair, for each kind; none where a kind has no equal.
    raw: Vec<Vec<Raw>>,
    /// The number of the next handshake.
    next: usize,
}

impl<T: Library, L: Link> Local<T, L> {
    /// Handshakes of all pairs of `work` over `link`.
    pub(super) fn new(work: Work<T>, link: L) -> Self {
        Self { order: work.mix.order(), work, link, raw: Vec::new(), next: 0 }
    }

    /// The pair and the kind of a handshake.
    fn turn(&self, number: usize) -> (usize, usize) {
        (number % self.work.pairs.len(), self.order[number % self.order.len()])
    }

    fn timed(&mut self, number: usize, round: &mut Round) -> Result<[u64; 2], Error> {
        let (pair, kind) = self.turn(number);
        let mut watches = SideStopwatches::default();
        let established = self.work.shake_hands(&self.work.pairs[pair], kind, &mut self.link, &mut watches)?;
        round.handshakes_ns.push(established.elapsed_ns);
        round.retried += usize::from(established.hello_retry);
        round.with_external_psk += usize::from(established.client.uses_external_psk());
        let told = established.client.negotiated();
        round.resumed += usize::from(told.as_ref().is_some_and(|told| told.is_resumed));
        round.with_early_data += usize::from(told.is_some_and(|told| told.early_data));
        watches.on(Side::Client, || drop(established.client));
        watches.on(Side::Server, || drop(established.server));
        let watches = [watches.client, watches.server];
        round.busy_ns += watches.iter().map(Stopwatch::total_ns).sum::<u64>();
        Ok(watches.map(|watch| watch.cpu_ns()))
    }

    /// Times the phases of a handshake.
    fn phases(&mut self, number: usize) -> Result<PhaseTimes, Error> {
        let (pair, kind) = self.turn(number);
        phases::drive(&self.work, &self.work.pairs[pair], kind, &mut self.link)
    }

    /// Completes a handshake of any number without a clock.
    pub(super) fn unwatched(&mut self, number: usize) -> Result<(), Error> {
        interrupt::check()?;
        let (pair, kind) = self.turn(number);
        self.work.shake_hands(&self.work.pairs[pair], kind, &mut self.link, &mut Unobserved).map(drop)
    }

    /// Whether there is bare cryptography to compare handshakes of a kind with: in TLS 1.3, in groups that the provider has.
    fn has_equal(&self, kind: HandshakeKind, negotiated: &Negotiated) -> bool {
        let first_share = kind.client_groups(&self.work.groups).first().copied();
        let mut groups = negotiated.group.into_iter().chain(first_share);
        negotiated.version == ProtocolVersion::TLS13 && groups.all(|group| self.work.provider.group(group).is_some())
    }

    fn bare(&self, number: usize) -> Result<[u64; 2], Error> {
        let (pair, kind) = self.turn(number);
        let (raw, pair) = (&self.raw[kind][pair], &self.work.pairs[pair]);
        let mut watches = SideStopwatches::default();
        watches.on(Side::Client, || raw.client(pair, &self.work.name))?;
        watches.on(Side::Server, || raw.server(pair))?;
        Ok([watches.client.cpu_ns(), watches.server.cpu_ns()])
    }

    /// What a round consists of, in its order.
    pub(super) fn lanes(&self, is_raw_first: bool) -> Vec<Lane> {
        let mut lanes = if is_raw_first { vec![Lane::Bare, Lane::Timed] } else { vec![Lane::Timed, Lane::Bare] };
        lanes.retain(|lane| *lane != Lane::Bare || !self.raw.is_empty());
        lanes.extend(self.work.phases.then_some(Lane::Phases));
        lanes
    }

    /// Runs a part of a round: so many of the next handshakes.
    pub(super) fn lane(&mut self, lane: Lane, connections: usize, round: &mut Round) -> Result<(), Error> {
        round.threads = 1;
        let mut times = vec![[Vec::new(), Vec::new()]; self.work.mix.kinds().count()];
        for number in self.next..self.next + connections {
            interrupt::check()?;
            let [client, server] = match lane {
                Lane::Timed => self.timed(number, round)?,
                Lane::Bare => self.bare(number)?,
                Lane::Phases => {
                    round.phases.push(self.phases(number)?);
                    continue;
                }
            };
            let times = &mut times[self.turn(number).1];
            times[0].push(client as f64 / 1e3);
            times[1].push(server as f64 / 1e3);
        }
        match lane {
            Lane::Timed => round.cpu_us = typical(&times),
            Lane::Bare => round.raw_us = Some(typical(&times)),
            Lane::Phases => {}
        }
        Ok(())
    }

    /// So many handshakes are done.
    pub(super) const fn advance(&mut self, connections: usize) {
        self.next += connections;
    }

    /// Completes a handshake of each kind, after one that leaves a session where there has to be one, and prepares the bare
    /// cryptography. Returns what the first of them negotiated.
    pub(super) fn first_of_each(&mut self) -> Result<Option<Negotiated>, Error> {
        let Self { work, link, .. } = self;
        let first = work.pairs.first();
        let first = first.ok_or_else(|| Error::Failed("there is no pair to perform handshakes".to_owned()))?;
        let mut all = Vec::new();
        for (index, kind) in work.mix.kinds().enumerate() {
            if kind.is_resumed() {
                for pair in &work.pairs {
                    drive_handshake(work.ends(pair, index)?, link, &mut Unobserved)?;
                }
            }
            let established = work.shake_hands(first, index, link, &mut Unobserved)?;
            let negotiated = established.client.negotiated();
            let negotiated = negotiated.ok_or_else(|| Error::Failed("the handshake negotiated nothing".to_owned()))?;
            all.push((kind, negotiated, established.wire_bytes));
        }
        if all.iter().all(|(kind, negotiated, _)| self.has_equal(*kind, negotiated)) {
            for (kind, negotiated, wire_bytes) in &all {
                let new_raw = |pair| Raw::new(&self.work, pair, *kind, negotiated, *wire_bytes);
                self.raw.push(self.work.pairs.iter().map(new_raw).collect::<Result<_, Error>>()?);
            }
        }
        Ok(all.into_iter().next().map(|(_, negotiated, _)| negotiated))
    }
}

/// The mean of client and server over all handshakes of a round, each as long as the median one of its kind: if other programs
/// interrupt the thread, they do so in few of them.
fn typical(kinds: &[[Vec<f64>; 2]]) -> [f64; 2] {
    [0, 1].map(|side| {
        let count: usize = kinds.iter().map(|times| times[side].len()).sum();
        let sum = |times: &[Vec<f64>; 2]| stats::median(&times[side]).unwrap_or(0.0) * times[side].len() as f64;
        kinds.iter().map(sum).sum::<f64>() / count.max(1) as f64
    })
}

impl<T: Library, L: Link + Send> Handshakes for Local<T, L> {
    fn prepare(&mut self) -> Result<Prepared, Error> {
        let negotiated = self.first_of_each()?;
        let negotiated = negotiated.ok_or_else(|| Error::Failed("there is no kind of handshakes".to_owned()))?;
        let counted = counted::count(&self.work, &mut self.link)?;
        let idle = idle::count(&self.work)?;
        Ok(Prepared { negotiated, counted, idle })
    }

    fn round(&mut self, connections: usize, is_raw_first: bool) -> Result<Round, Error> {
        let mut round = Round::default();
        for lane in self.lanes(is_raw_first) {
            self.lane(lane, connections, &mut round)?;
        }
        self.advance(connections);
        Ok(round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_of_a_mix_costs_the_mean_of_the_median_of_each_kind() {
        let full = [vec![160.0, 150.0, 9_000.0], vec![70.0; 3]];
        let resumed = [vec![50.0; 9], vec![55.0; 9]];
        assert_eq!(typical(&[full, resumed]), [(3.0 * 160.0 + 9.0 * 50.0) / 12.0, (3.0 * 70.0 + 9.0 * 55.0) / 12.0]);
        assert_eq!(typical(&[[vec![3.0, 1.0, 2.0], vec![5.0]]]), [2.0, 5.0]);
        assert_eq!(typical(&[]), [0.0, 0.0]);
    }
}
