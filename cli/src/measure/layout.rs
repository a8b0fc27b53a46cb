use tls_engine::crypto::TAG_LEN;
use tls_engine::limits::{RECORD_CONTENT_MAX, RECORD_HEADER};

/// The overhead of an encrypted TLS 1.3 record, bytes: header, inner type and tag (RFC 8446 5.2).
pub const RECORD_OVERHEAD: usize = RECORD_HEADER + 1 + TAG_LEN;

/// How an application's writes are divided into records, and records into batches that fit a buffer.
///
/// Engine and reference both follow it, so that they do the same work at the same buffer offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    write_bytes: usize,
    piece_bytes: usize,
    pieces_per_batch: usize,
}

impl Layout {
    /// The layout for writes of `write_bytes` (at least 1) through buffers of about `buffer_bytes`. Small writes share
    /// a batch; a write that does not fit is divided into pieces of whole records.
    pub fn new(write_bytes: usize, buffer_bytes: usize) -> Self {
        let write_bytes = write_bytes.max(1);
        let records_that_fit = (buffer_bytes / (RECORD_CONTENT_MAX + RECORD_OVERHEAD)).max(1);
        let piece_bytes = write_bytes.min(records_that_fit * RECORD_CONTENT_MAX);
        let pieces_per_batch =
            if piece_bytes < write_bytes { 1 } else { (buffer_bytes / wire_bytes(piece_bytes)).max(1) };
        Self { write_bytes, piece_bytes, pieces_per_batch }
    }

    /// The length of an application's write, bytes.
    pub const fn write_bytes(&self) -> usize {
        self.write_bytes
    }

    /// The longest piece that is passed to the engine in one call, bytes.
    pub const fn piece_bytes(&self) -> usize {
        self.piece_bytes
    }

    /// The plaintext of a full batch, bytes.
    pub const fn batch_bytes(&self) -> usize {
        self.piece_bytes * self.pieces_per_batch
    }

    /// The size of a full batch on the wire, bytes.
    pub const fn batch_wire_bytes(&self) -> usize {
        self.pieces_per_batch * wire_bytes(self.piece_bytes)
    }

    /// The number of records in a full batch.
    pub const fn records_per_batch(&self) -> usize {
        self.pieces_per_batch * self.piece_bytes.div_ceil(RECORD_CONTENT_MAX)
    }

    /// The number of whole writes after which the batches repeat.
    pub const fn cycle_writes(&self) -> u64 {
        if self.piece_bytes < self.write_bytes { 1 } else { self.pieces_per_batch as u64 }
    }

    /// The number of records in a write.
    pub const fn records_per_write(&self) -> u64 {
        // Pieces are whole records, so dividing a write does not change their number.
        self.write_bytes.div_ceil(RECORD_CONTENT_MAX) as u64
    }

    /// The batches for `writes` writes.
    pub const fn batches(&self, writes: u64) -> Batches {
        Batches { layout: *self, writes, done_of_write: 0 }
    }
}

/// Pieces of equal length that are passed one after the other before the buffer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The length of each piece, bytes.
    pub piece_bytes: usize,
    /// The number of pieces.
    pub pieces: usize,
}

impl Batch {
    /// Their plaintext, bytes.
    pub const fn bytes(&self) -> usize {
        self.piece_bytes * self.pieces
    }

    /// The content lengths of its records, in order.
    pub fn records(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { piece_bytes, pieces } = *self;
        (0..pieces).flat_map(move |_| {
            (0..piece_bytes).step_by(RECORD_CONTENT_MAX).map(move |at| (piece_bytes - at).min(RECORD_CONTENT_MAX))
        })
    }
}

/// See [`Layout::batches`].
#[derive(Clone, Debug)]
pub struct Batches {
    layout: Layout,
    writes: u64,
    done_of_write: usize,
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        if self.writes == 0 {
            return None;
        }
        let Layout { write_bytes, piece_bytes, pieces_per_batch } = self.layout;
        if piece_bytes == write_bytes {
            let pieces = usize::try_from(self.writes).map_or(pieces_per_batch, |left| left.min(pieces_per_batch));
            self.writes -= pieces as u64;
            return Some(Batch { piece_bytes, pieces });
        }
        let piece_bytes = piece_bytes.min(write_bytes - self.done_of_write);
        self.done_of_write += piece_bytes;
        if self.done_of_write == write_bytes {
            self.done_of_write = 0;
            self.writes -= 1;
        }
        Some(Batch { piece_bytes, pieces: 1 })
    }
}

/// The length on the wire of the records for `piece_bytes`, bytes.
const fn wire_bytes(piece_bytes: usize) -> usize {
    piece_bytes + piece_bytes.div_ceil(RECORD_CONTENT_MAX) * RECORD_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_writes_share_a_batch_and_the_last_batch_is_shorter() {
        let layout = Layout::new(1000, 10_220);
        let batches: Vec<_> = layout.batches(25).collect();
        assert_eq!(batches.iter().map(|batch| batch.pieces).collect::<Vec<_>>(), [10, 10, 5]);
        assert_eq!(layout.batch_wire_bytes(), 10_220);
        assert_eq!(layout.records_per_write(), 1);
    }

    #[test]
    fn a_write_beyond_the_buffer_is_cut_into_whole_records() {
        let layout = Layout::new(100_000, 65_536);
        let batches: Vec<_> = layout.batches(2).map(|batch| (batch.piece_bytes, batch.pieces)).collect();
        assert_eq!(batches, [(49_152, 1), (49_152, 1), (1_696, 1), (49_152, 1), (49_152, 1), (1_696, 1)]);
        assert_eq!(layout.records_per_write(), 7);
        let records: Vec<_> = layout.batches(1).flat_map(|batch| batch.records()).collect();
        assert_eq!(records, [16_384, 16_384, 16_384, 16_384, 16_384, 16_384, 1_696]);
    }

    #[test]
    fn every_byte_of_every_write_is_in_a_batch_that_fits() {
        for write_bytes in [1, 64, 1350, 16_384, 16_385, 65_536, 1 << 20] {
            for buffer_bytes in [0, 20_000, 131_072, 262_144] {
                let layout = Layout::new(write_bytes, buffer_bytes);
                let room = layout.batch_wire_bytes();
                assert!(room <= buffer_bytes.max(RECORD_CONTENT_MAX + RECORD_OVERHEAD), "{layout:?}");
                let carried: usize = layout.batches(7).map(|batch| batch.bytes()).sum();
                assert_eq!(carried, 7 * write_bytes, "{layout:?}");
                assert!(
                    layout
                        .batches(7)
                        .all(|batch| { batch.records().map(|len| len + RECORD_OVERHEAD).sum::<usize>() <= room })
                );
            }
        }
    }
}
