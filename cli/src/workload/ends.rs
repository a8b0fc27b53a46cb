use std::sync::Arc;

use tls_engine::conn::{Connection, Progress};
use tls_engine::counters::Counters;
use tls_engine::mem::{InBuf, OutBuf};

use super::verifier::Verifier;
use crate::error::Error;
use crate::measure::{Batch, Batches, Layout, Part, Pattern, Stopwatch};

/// What a buffer holds besides a batch: a key update, an alert (RFC 8446 4.6.3, 6).
const SLACK_BYTES: usize = 256;

/// A connection with its two buffers.
pub(super) struct Endpoint {
    /// The connection.
    pub connection: Connection,
    /// What came from the peer; records are opened in it.
    pub input: InBuf,
    /// What is to go to the peer.
    pub output: OutBuf,
}

/// The end that seals: what it sends, and how far it has come.
pub(super) struct SealingEnd {
    /// The connection, its handshake done.
    pub endpoint: Endpoint,
    layout: Layout,
    pattern: Arc<Pattern>,
    position: u64,
    batches: Batches,
    /// A batch that has not been sealed whole, because a key update took the room, and how much of it has.
    rest: Option<(Batch, usize)>,
    mark: Counters,
    heap: HeapCalls,
}

/// The end that opens, and checks what comes out.
pub(super) struct OpeningEnd {
    /// The connection, its handshake done.
    pub endpoint: Endpoint,
    /// What becomes of the plaintext.
    pub verifier: Verifier,
    mark: Counters,
    heap: HeapCalls,
}

/// Heap calls of a block, where they are counted: not in blocks that are timed.
#[derive(Clone, Copy, Debug, Default)]
struct HeapCalls {
    is_counting: bool,
    calls: u64,
}

/// The capacity that the buffers need for a batch of `layout`, bytes.
pub fn buffer_bytes(layout: &Layout) -> usize {
    layout.batch_wire_bytes() + SLACK_BYTES
}

impl SealingEnd {
    /// Sends `pattern` in the batches of `layout`.
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

    /// The next block has `writes` writes.
    pub(super) fn begin(&mut self, writes: u64) {
        self.batches = self.layout.batches(writes);
        self.mark = self.endpoint.connection.sealed();
        self.heap.calls = 0;
    }

    /// Whether heap calls are counted from now on.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.heap.is_counting = is_counting;
    }

    /// Seals the next batch into the output while `watch` runs. `false` when the block is done.
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

    /// How many bytes have been sealed.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// What the connection has counted since the block began; the times are left to the caller.
    pub(super) fn counted(&self) -> Part {
        counted(self.mark, self.endpoint.connection.sealed(), self.heap)
    }
}

impl OpeningEnd {
    /// Hands what is received to `verifier`.
    pub(super) fn new(endpoint: Endpoint, verifier: Verifier) -> Self {
        Self { endpoint, verifier, mark: Counters::default(), heap: HeapCalls::default() }
    }

    /// The next block has `bytes`.
    pub(super) fn begin(&mut self, bytes: u64) {
        self.verifier.expect(bytes);
        self.mark = self.endpoint.connection.opened();
        self.heap.calls = 0;
    }

    /// Whether heap calls are counted from now on.
    pub(super) const fn count_heap(&mut self, is_counting: bool) {
        self.heap.is_counting = is_counting;
    }

    /// Opens all whole records that wait, while `watch` runs (comparisons apart). `true` once the peer has said that it
    /// sends no more.
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

    /// What the connection has counted since the block began; the times are left to the caller.
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
