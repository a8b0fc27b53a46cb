use core::ops::Range;

use super::aliasing::Aliasing;
use super::deframe::header;
use super::fragment::Fragments;
use super::key::RecordKey;
use super::path::{Inlined, SealPath, Split};
use crate::codes::{ContentType, ProtocolVersion};
use crate::counters::Counters;
use crate::crypto::Copied;
use crate::error::Error;
use crate::keys::TrafficKeys;
use crate::limits::RECORD_HEADER;
use crate::mem::OutBuf;
use crate::switches::Switches;

/// Writes records: unencrypted until keys are installed, then sealed.
pub struct Sealer {
    key: Option<RecordKey>,
    records_per_key: u64,
    /// The longest content of a record. In 16 bits the hot loop needs no checks for lengths that no record has.
    max_fragment: u16,
    zero_copy: bool,
    seal_batch: SealBatch,
    counters: Counters,
}

type SealBatch = fn(&mut Sealer, &[&[u8]], usize, &mut OutBuf) -> Result<usize, Error>;

impl Sealer {
    /// A sealer without keys, of records with at most `max_fragment` bytes of content.
    pub const fn new(switches: &Switches, max_fragment: usize) -> Self {
        Self {
            key: None,
            records_per_key: u64::MAX,
            max_fragment: if max_fragment < LENGTH_MAX { max_fragment as u16 } else { u16::MAX },
            zero_copy: switches.zero_copy,
            seal_batch: if switches.inline { Self::seal_batch::<Inlined> } else { Self::seal_batch::<Split> },
            counters: Counters::ZERO,
        }
    }

    /// Its counters.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Installs `keys`, for up to `records_per_key` records of application data.
    pub fn install(&mut self, keys: &TrafficKeys, records_per_key: u64) -> Result<(), Error> {
        self.key = Some(RecordKey::new(keys)?);
        self.records_per_key = records_per_key;
        Ok(())
    }

    /// Removes the keys: what follows is not protected.
    pub fn remove_key(&mut self) {
        self.key = None;
        self.records_per_key = u64::MAX;
    }

    /// How many records of application data a key may seal.
    pub const fn records_per_key(&self) -> u64 {
        self.records_per_key
    }

    /// Limits records to so many bytes of content and type, if that is less than what they are limited to (RFC 8449 4).
    pub fn limit(&mut self, record_size_limit: u16) {
        self.max_fragment = self.max_fragment.min(record_size_limit - 1);
    }

    /// The longest content of a record, bytes.
    pub const fn max_fragment(&self) -> usize {
        self.max_fragment as usize
    }

    /// How long the record of `content_len` bytes is under its key, or without keys.
    pub fn sealed_len(&self, content_len: usize) -> usize {
        self.key.as_ref().map_or(RECORD_HEADER + content_len, |key| key.sealed_len(content_len))
    }

    /// Counts an update of its keys.
    pub const fn count_key_update(&mut self) {
        self.counters.key_updates += 1;
    }

    /// Whether its key has sealed as much as it may (RFC 8446 5.5).
    #[inline]
    pub fn is_key_spent(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.used() >= self.records_per_key)
    }

    /// Seals `plaintext`, without its first `taken` bytes, while `output` has room and the key is not spent. Returns how many bytes
    /// have been taken in all. Without keys, nothing is sealed.
    #[inline]
    pub fn seal_application_data(
        &mut self,
        plaintext: &[&[u8]],
        taken: usize,
        output: &mut OutBuf,
    ) -> Result<usize, Error> {
        (self.seal_batch)(self, plaintext, taken, output)
    }

    /// The hot loop.
    fn seal_batch<P: SealPath>(
        &mut self,
        plaintext: &[&[u8]],
        taken: usize,
        output: &mut OutBuf,
    ) -> Result<usize, Error> {
        let mut fragments = Fragments::new(plaintext, taken);
        let offered = taken + fragments.left();
        while fragments.left() > 0 && !self.is_key_spent() {
            let Some(key) = &mut self.key else { break };
            let len = fragments.next_len(self.max_fragment);
            let record_len = key.sealed_len(len);
            if output.room() < record_len {
                output.compact();
                if output.room() < record_len {
                    break;
                }
            }
            let record = append(output, record_len)?;
            let whole = if self.zero_copy { fragments.next_whole(len) } else { None };
            let sealed = match whole {
                Some(content) => P::seal(key, content, record),
                None => seal_gathered(key, &mut fragments, len, record),
            };
            let Copied(copied) = sealed.inspect_err(|_| output.retract(record_len))?;
            self.counters.records += 1;
            self.counters.count_data(len, copied);
        }
        Ok(offered - fragments.left())
    }

    /// Seals `content` as one record of application data, which fills `record` ([`Sealer::sealed_len`]). Returns how many bytes
    /// were copied. Where it fails, `record` is zeroed.
    pub fn seal_into(&mut self, content: &[u8], record: &mut [u8]) -> Result<usize, Error> {
        let Some(key) = &mut self.key else { return Err(NO_KEY) };
        let Copied(copied) = key.seal_from(ContentType::APPLICATION_DATA, content, record).inspect_err(|_| {
            record.fill(0);
        })?;
        self.counters.records += 1;
        self.counters.count_data(content.len(), copied);
        Ok(copied)
    }

    /// The same from one range of `buffer` to another, which may overlap.
    pub fn seal_within(
        &mut self,
        buffer: &mut [u8],
        content: Range<usize>,
        record: Range<usize>,
    ) -> Result<(Aliasing, usize), Error> {
        let body = record.start + RECORD_HEADER;
        let aliasing = Aliasing::of(&content, body, &record);
        let len = content.len();
        let copied = match aliasing {
            Aliasing::Disjoint => {
                let Ok([content, record]) = buffer.get_disjoint_mut([content, record]) else { return Err(OUTSIDE) };
                return Ok((aliasing, self.seal_into(content, record)?));
            }
            Aliasing::InPlace => 0,
            Aliasing::Overlapping => {
                buffer.copy_within(content, body);
                len
            }
        };
        let Some(key) = &mut self.key else { return Err(NO_KEY) };
        let record = &mut buffer[record];
        let Copied(_) = key.seal_copied(ContentType::APPLICATION_DATA, len, |_| {}, record).inspect_err(|_| {
            record.fill(0);
        })?;
        self.counters.records += 1;
        self.counters.count_data(len, copied);
        Ok((aliasing, copied))
    }

    /// Writes handshake messages, an alert or a ChangeCipherSpec, in as many records as it takes. They can't wait for
    /// room, so `output` may grow; [`Error::Internal`] where it would exceed its limit.
    pub fn seal_control(&mut self, content_type: ContentType, bytes: &[u8], output: &mut OutBuf) -> Result<(), Error> {
        for content in bytes.chunks(self.max_fragment()) {
            self.counters.records += 1;
            match &mut self.key {
                Some(key) if key.seals(content_type) => {
                    let record = append(output, key.sealed_len(content.len()))?;
                    let Copied(_) =
                        key.seal_copied(content_type, content.len(), |room| room.copy_from_slice(content), record)?;
                }
                _ => write_plaintext(content_type, ProtocolVersion::TLS12, content, output)?,
            }
        }
        Ok(())
    }

    /// Writes the first ClientHello, in records with the version TLS 1.0 for compatibility (RFC 8446 5.1).
    pub fn seal_first_hello(&mut self, message: &[u8], output: &mut OutBuf) -> Result<(), Error> {
        for content in message.chunks(self.max_fragment()) {
            self.counters.records += 1;
            write_plaintext(ContentType::HANDSHAKE, ProtocolVersion::TLS10, content, output)?;
        }
        Ok(())
    }
}

/// What a record's header can say of its length (RFC 8446 5.1).
const LENGTH_MAX: usize = u16::MAX as usize;
const NO_KEY: Error = Error::Internal("application data without keys");
const OUTSIDE: Error = Error::Usage("a span is outside of its buffer");

/// Copies the next `len` bytes of `fragments` into the record, and seals them there. Out of line, for the sake of the hot loop.
#[inline(never)]
fn seal_gathered(
    key: &mut RecordKey,
    fragments: &mut Fragments<'_>,
    len: usize,
    record: &mut [u8],
) -> Result<Copied, Error> {
    let content_type = ContentType::APPLICATION_DATA;
    match fragments.next_whole(len) {
        Some(content) => key.seal_copied(content_type, len, |room| room.copy_from_slice(content), record),
        None => key.seal_copied(content_type, len, |room| fragments.gather(room), record),
    }
}

fn append(output: &mut OutBuf, len: usize) -> Result<&mut [u8], Error> {
    // Not by `ok_or`, which makes an error for every record, and drops it.
    let Some(record) = output.append(len) else {
        return Err(Error::Internal("the send buffer is full of records that were never sent"));
    };
    Ok(record)
}

fn write_plaintext(
    content_type: ContentType,
    version: ProtocolVersion,
    content: &[u8],
    output: &mut OutBuf,
) -> Result<(), Error> {
    let record = append(output, RECORD_HEADER + content.len())?;
    let (head, body) = record.split_at_mut(RECORD_HEADER);
    head.copy_from_slice(&header(content_type, version, content.len()));
    body.copy_from_slice(content);
    Ok(())
}
