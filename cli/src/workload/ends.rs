use std::sync::Arc;

use tls_engine::counters::Counters;

use super::verifier::Verifier;
use crate::error::Error;
use crate::library::{Endpoint, Received};
use crate::measure::{Batch, Batches, Layout, Part, Pattern, Stopwatch};

/// What a buffer must hold besides a batch: a key update, an alert (RFC 8446 4.6.3, 6).
const SLACK_BYTES: usize = 256;

/// The sealing end: what it sends, and how far it has got.
pub(super) struct SealingEnd<E> {
    /// The connection, after its handshake.
    pub endpoint: E,
    layout: Layout,
    pattern: Arc<Pattern>,
    position: u64,
    batches: Batches,
    /// A batch that is only partly sealed because a key update took the space, and the number of bytes sealed.
    rest: Option<(Batch, usize)>,
    mark: Mark,
    heap: HeapCalls,
}

/// The opening end, which checks the plaintext.
pub(super) struct OpeningEnd<E> {
    /// The connection, after its handshake.
    pub endpoint: E,
    /// The check of the plaintext.
    pub verifier: Verifier,
    layout: Layout,
    mark: Mark,
    heap: HeapCalls,
}

/// Where a block began.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// The stream's position.
    position: u64,
    /// The records that the block's writes make, for libraries that do not count.
    records: u64,
    /// The library's counts.
    counters: Option<Counters>,
}

/// Heap calls in a block, counted only in blocks that are not timed.
#[derive(Clone, Copy, Debug, Default)]
struct HeapCalls {
    is_counting: bool,
    calls: u64,
}

/// The buffer capacity that a batch of `layout` needs, bytes.
pub fn buffer_bytes(layout: &Layout) -> usize {
    layout.batch_wire_bytes() + SLACK_BYTES
}

impl<E: Endpoint> SealingEnd<E> {
    /// An end that sends `pattern` in the batches of `layout`.
    pub(super) fn new(endpoint: E, layout: Layout, pattern: Arc<Pattern>) -> Self {
        let batches = layout.batches(0);
        Self {
            endpoint,
            layout,
            pattern,
            position: 0,
            batches,
            rest: None,
            mark: Mark::default(),
            heap: HeapCalls::default(),
        }
    }

    /// Starts a block of `writes` writes.
    pub(super) fn begin(&mut self, writes: u64) {
        self.batches = self.layout.batches(writes);
        self.mark = Mark {
            position: self.position,
            records: writes * self.layout.records_per_write(),
            counters: self.endpoint.sealed(),
        };
        self.heap.calls = 0;
    }

    /// Turns the counting of heap calls on or off.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.heap.is_counting = is_counting;
    }

    /// Seals the next batch into the output while `watch` runs. Returns `false` once the block is complete.
    pub(super) fn seal_batch(&mut self, watch: &mut Stopwatch) -> Result<bool, Error> {
        if !self.heap.is_counting {
            return self.seal_next(watch);
        }
        let (is_sealed, counts) = heap_meter::count(|| self.seal_next(watch));
        self.heap.calls += counts.calls();
        is_sealed
    }

    fn seal_next(&mut self, watch: &mut Stopwatch) -> Result<bool, Error> {
        let Some((batch, mut done)) = self.rest.take().or_else(|| self.batches.next().map(|batch| (batch, 0))) else {
            return Ok(false);
        };
        let before = self.position;
        watch.start();
        while done < batch.bytes() {
            let len = batch.piece_bytes - done % batch.piece_bytes;
            let piece = self.pattern.at(self.position, len);
            let taken = self.endpoint.send(piece)?;
            done += taken;
            self.position += taken as u64;
            if taken < len {
                break;
            }
        }
        watch.stop();
        if done < batch.bytes() {
            if self.position == before && self.endpoint.outgoing().is_empty() {
                return Err(Error::Failed("the library takes no more data".to_owned()));
            }
            self.rest = Some((batch, done));
        }
        Ok(true)
    }

    /// The number of bytes sealed so far.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// The connection's counts since the block began. The caller adds the times.
    pub(super) fn counted(&self) -> Part {
        counted(self.mark, self.position, self.endpoint.sealed(), self.heap)
    }
}

impl<E: Endpoint> OpeningEnd<E> {
    /// An end that hands data received in writes of `layout` to `verifier`.
    pub(super) fn new(endpoint: E, layout: Layout, verifier: Verifier) -> Self {
        Self { endpoint, verifier, layout, mark: Mark::default(), heap: HeapCalls::default() }
    }

    /// Starts a block of `writes` writes.
    pub(super) fn begin(&mut self, writes: u64) {
        self.verifier.expect(writes * self.layout.write_bytes() as u64);
        self.mark = Mark {
            position: self.verifier.position(),
            records: writes * self.layout.records_per_write(),
            counters: self.endpoint.opened(),
        };
        self.heap.calls = 0;
    }

    /// Turns the counting of heap calls on or off.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.heap.is_counting = is_counting;
    }

    /// Opens all complete records that have arrived, while `watch` runs (it stops during comparisons). Returns `true`
    /// once the peer has sent close_notify.
    pub(super) fn open_waiting(&mut self, watch: &mut Stopwatch) -> Result<bool, Error> {
        if !self.heap.is_counting {
            return self.open_all(watch);
        }
        let (is_closed, counts) = heap_meter::count(|| self.open_all(watch));
        self.heap.calls += counts.calls();
        is_closed
    }

    fn open_all(&mut self, watch: &mut Stopwatch) -> Result<bool, Error> {
        watch.start();
        let received = self.endpoint.receive(|content| self.verifier.accept(content, watch))?;
        watch.stop();
        Ok(received == Received::Closed)
    }

    /// The connection's counts since the block began. The caller adds the times.
    pub(super) fn counted(&self) -> Part {
        let compared_bytes = self.verifier.compared_bytes();
        Part { compared_bytes, ..counted(self.mark, self.verifier.position(), self.endpoint.opened(), self.heap) }
    }
}

fn counted(before: Mark, position: u64, after: Option<Counters>, heap: HeapCalls) -> Part {
    let (Some(mark), Some(after)) = (before.counters, after) else {
        let bytes = position - before.position;
        return Part { bytes, records: before.records, heap_calls: heap.calls, ..Part::default() };
    };
    let counters = after.since(mark);
    let saved_bytes = counters.saved_bytes();
    let Counters { records, bytes, in_place_records, copied_records, copied_bytes, key_updates } = counters;
    Part {
        bytes,
        records,
        has_counters: true,
        in_place_records,
        copied_records,
        copied_bytes,
        saved_bytes,
        key_updates,
        heap_calls: heap.calls,
        ..Part::default()
    }
}
