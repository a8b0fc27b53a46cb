use std::sync::Arc;

use tls_engine::conn::{Connection, Progress};
use tls_engine::counters::Counters;
use tls_engine::mem::{InBuf, OutBuf};

use super::verifier::Verifier;
use crate::error::Error;
use crate::measure::{Batch, Batches, Layout, Part, Pattern, Stopwatch};

/// What a buffer must hold besides a batch: a key update, an alert (RFC 8446 4.6.3, 6).
const SLACK_BYTES: usize = 256;

/// A connection with its two buffers.
pub(super) struct Endpoint {
    /// The connection.
    pub connection: Connection,
    /// Bytes from the peer; records are opened in place.
    pub input: InBuf,
    /// Bytes for the peer.
    pub output: OutBuf,
}

/// The sealing end: what it sends, and how far it has got.
pub(super) struct SealingEnd {
    /// The connection, after its handshake.
    pub endpoint: Endpoint,
    layout: Layout,
    pattern: Arc<Pattern>,
    position: u64,
    batches: Batches,
    /// A batch that is only partly sealed because a key update took the space, and the number of bytes sealed.
    rest: Option<(Batch, usize)>,
    mark: Counters,
    heap: HeapCalls,
}

/// The opening end, which checks the plaintext.
pub(super) struct OpeningEnd {
    /// The connection, after its handshake.
    pub endpoint: Endpoint,
    /// The check of the plaintext.
    pub verifier: Verifier,
    mark: Counters,
    heap: HeapCalls,
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

impl SealingEnd {
    /// An end that sends `pattern` in the batches of `layout`.
    pub(super) fn new(endpoint: Endpoint, layout: Layout, pattern: Arc<Pattern>) -> Self {
        let batches = layout.batches(0);
        Self {
            endpoint,
            layout,
            pattern,
            position: 0,
            batches,
            rest: None,
            mark: Counters::default(),
            heap: HeapCalls::default(),
        }
    }

    /// Starts a block of `writes` writes.
    pub(super) fn begin(&mut self, writes: u64) {
        self.batches = self.layout.batches(writes);
        self.mark = self.endpoint.connection.sealed();
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
            let taken = self.endpoint.connection.write_tls(&[piece], &mut self.endpoint.output)?;
            done += taken;
            self.position += taken as u64;
            if taken < len {
                break;
            }
        }
        watch.stop();
        if done < batch.bytes() {
            if self.position == before && self.endpoint.output.is_empty() {
                return Err(Error::Failed("the engine takes no more data".to_owned()));
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
        counted(self.mark, self.endpoint.connection.sealed(), self.heap)
    }
}

impl OpeningEnd {
    /// An end that hands received data to `verifier`.
    pub(super) fn new(endpoint: Endpoint, verifier: Verifier) -> Self {
        Self { endpoint, verifier, mark: Counters::default(), heap: HeapCalls::default() }
    }

    /// Starts a block of `bytes`.
    pub(super) fn begin(&mut self, bytes: u64) {
        self.verifier.expect(bytes);
        self.mark = self.endpoint.connection.opened();
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
        let Endpoint { connection, input, output } = &mut self.endpoint;
        watch.start();
        let closed = loop {
            match connection.read_tls(input, output)? {
                Progress::Data(content) => self.verifier.accept(content, watch)?,
                Progress::Advanced => {}
                Progress::NeedInput => break false,
                Progress::Closed => break true,
            }
        };
        watch.stop();
        Ok(closed)
    }

    /// The connection's counts since the block began. The caller adds the times.
    pub(super) fn counted(&self) -> Part {
        let compared_bytes = self.verifier.compared_bytes();
        Part { compared_bytes, ..counted(self.mark, self.endpoint.connection.opened(), self.heap) }
    }
}

fn counted(before: Counters, after: Counters, heap: HeapCalls) -> Part {
    let counters = after.since(before);
    let saved_bytes = counters.saved_bytes();
    let Counters { records, bytes, in_place_records, copied_records, copied_bytes, key_updates } = counters;
    Part {
        bytes,
        records,
        in_place_records,
        copied_records,
        copied_bytes,
        saved_bytes,
        key_updates,
        heap_calls: heap.calls,
        ..Part::default()
    }
}
