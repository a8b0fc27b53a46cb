//! Single records in buffers of the caller's.
//!
//! Each direction has two functions. With one buffer and two ranges in it (`_within`), the ranges may overlap in any way: the
//! result says how they do ([`Aliasing`]), and copies are counted in [`Connection::sealed`] and [`Connection::opened`]. With two
//! slices (`_into`), the compiler makes sure that they are disjoint.
//!
//! The switch `zero_copy` changes nothing here. What the protocol itself has to send is still in an [`OutBuf`]. All records
//! have to be sent in the order in which they were made, those in the caller's buffers and those in the [`OutBuf`].

use core::ops::Range;

use super::{Connection, Reading, Received};
use crate::codes::ContentType;
use crate::error::Error;
use crate::limits::RECORD_HEADER;
use crate::mem::OutBuf;
use crate::record::{Aliasing, Frame, deframe};

/// A record that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedRecord {
    /// The length of the record, bytes. It begins where its destination does. 0 where there was nothing to seal.
    pub record_bytes: usize,
    /// How plaintext and record overlap.
    pub aliasing: Aliasing,
    /// How many bytes of plaintext were copied in addition to being encrypted.
    pub copied_bytes: usize,
}

/// What was at the front of the received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedRecord {
    /// No whole record yet.
    NeedInput,
    /// A record without application data was taken. There may be something to send.
    Advanced {
        /// Its length, bytes.
        record_bytes: usize,
    },
    /// Application data, at the front of the destination.
    Data {
        /// The record's length, bytes.
        record_bytes: usize,
        /// The data's length, bytes.
        data_bytes: usize,
        /// How record and data overlap.
        aliasing: Aliasing,
        /// How many bytes of plaintext were copied in addition to being decrypted.
        copied_bytes: usize,
    },
    /// The handshake waits for the result of a job, and nothing was taken: see [`Connection::take_job`].
    Paused,
    /// The peer has sent close_notify.
    Closed {
        /// The length of the record with it, bytes; 0 where it was received before.
        record_bytes: usize,
    },
}

impl Connection {
    /// How many bytes the record of `data_bytes` of application data takes under the current key.
    pub fn record_bytes(&self, data_bytes: usize) -> usize {
        self.sending.sealer.sealed_len(data_bytes)
    }

    /// How many bytes the destination of the record at the front of `received` needs to have: its content, and what TLS adds
    /// behind it (RFC 8446 5.2). 0 while its header is incomplete, or where it is not encrypted.
    pub fn opening_bytes(&self, received: &[u8]) -> usize {
        match received {
            [outer_type, _, _, high, low, ..] if self.opener.opens(ContentType(*outer_type)) => {
                self.opener.inner_len(usize::from(u16::from_be_bytes([*high, *low])))
            }
            _ => 0,
        }
    }

    /// Seals the range `plaintext` of `buffer` as one record at the front of the range `record`.
    ///
    /// The record takes [`Connection::record_bytes`], and its content begins 5 bytes behind its start. A plaintext at
    /// `record.start + 5` is therefore sealed in place. One that is disjoint from the record is sealed straight into it. One that
    /// overlaps it in another way is moved first. An empty plaintext makes no record.
    ///
    /// What `output` holds afterwards has to be sent before this record, such as a KeyUpdate, where the key had sealed as much as
    /// it may (RFC 8446 5.5).
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] where `record` is too short. [`Error::Usage`] where a range is outside of the buffer, where the
    /// plaintext is longer than the content of a record may be (16,384 bytes, RFC 8446 5.1), or where nothing can be sent. Nothing has been
    /// written after these. After any other error the connection has failed, and the bytes of the record are zero.
    pub fn seal_within(
        &mut self,
        buffer: &mut [u8],
        plaintext: Range<usize>,
        record: Range<usize>,
        output: &mut OutBuf,
    ) -> Result<SealedRecord, Error> {
        if buffer.get(plaintext.clone()).is_none() || buffer.get(record.clone()).is_none() {
            return Err(OUTSIDE);
        }
        let Some(record_bytes) = self.prepare(plaintext.len(), record.len(), output)? else { return Ok(NOTHING) };
        let record = record.start..record.start + record_bytes;
        let sealed = self.sending.sealer.seal_within(buffer, plaintext, record);
        let (aliasing, copied_bytes) = sealed.inspect_err(|error| self.fail(error, output))?;
        self.note_sealed();
        Ok(SealedRecord { record_bytes, aliasing, copied_bytes })
    }

    /// Seals `plaintext` as one record at the front of `record`, see [`Connection::seal_within`].
    ///
    /// # Errors
    /// As [`Connection::seal_within`].
    pub fn seal_into(
        &mut self,
        plaintext: &[u8],
        record: &mut [u8],
        output: &mut OutBuf,
    ) -> Result<SealedRecord, Error> {
        let Some(record_bytes) = self.prepare(plaintext.len(), record.len(), output)? else { return Ok(NOTHING) };
        let sealed = self.sending.sealer.seal_into(plaintext, &mut record[..record_bytes]);
        let copied_bytes = sealed.inspect_err(|error| self.fail(error, output))?;
        self.note_sealed();
        Ok(SealedRecord { record_bytes, aliasing: Aliasing::Disjoint, copied_bytes })
    }

    /// Takes at most one record from the front of the range `received` of `buffer`, and opens it to the front of the range
    /// `destination`. That needs [`Connection::opening_bytes`], which is a little more than the data; the bytes behind the data
    /// are undefined.
    ///
    /// The content of a record begins 5 bytes behind its start. With a destination at `received.start + 5` it is therefore opened
    /// in place. Where the destination is disjoint from the body of the record, the record is opened straight into it. Where they
    /// overlap in another way, the record is opened where it is, its data is moved, and the rest of the record is wiped.
    /// Handshake messages and alerts are processed and leave zeros.
    ///
    /// What has to be sent because of the record is added to `output`, as by [`Connection::read_tls`].
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] where `destination` is too short, [`Error::Usage`] where a range is outside of the buffer.
    /// Nothing has been taken or written after these. After any other error the connection has failed, the alert is in
    /// `output`, and no plaintext is left in the buffer.
    pub fn open_within(
        &mut self,
        buffer: &mut [u8],
        received: Range<usize>,
        destination: Range<usize>,
        output: &mut OutBuf,
    ) -> Result<OpenedRecord, Error> {
        let (Some(bytes), Some(_)) = (buffer.get(received.clone()), buffer.get(destination.clone())) else {
            return Err(OUTSIDE);
        };
        let frame = match self.next_frame(bytes, output)? {
            Ok(frame) => frame,
            Err(other) => return Ok(other),
        };
        let body = received.start + RECORD_HEADER..received.start + frame.len();
        let opened = if self.opener.opens(frame.content_type) {
            let room_bytes = self.room(&frame, destination.len())?;
            let written = destination.start..destination.start + room_bytes;
            match Aliasing::of(&body, destination.start, &written) {
                Aliasing::Disjoint => match buffer.get_disjoint_mut([body, written]) {
                    Ok([body, inner]) => self.open_apart(&frame, body, inner, output),
                    Err(_) => return Err(OUTSIDE),
                },
                Aliasing::InPlace => self.open_there(&frame, &mut buffer[body], Aliasing::InPlace, output),
                Aliasing::Overlapping => {
                    let opened = self.open_there(&frame, &mut buffer[body.clone()], Aliasing::Overlapping, output);
                    if let Ok(OpenedRecord::Data { data_bytes, .. }) = opened {
                        move_data(buffer, body, destination.start, data_bytes);
                    }
                    opened
                }
            }
        } else {
            self.on_clear_record(&frame, &buffer[body], output).map(|received| other(&frame, received))
        };
        opened.inspect_err(|error| self.fail(error, output))
    }

    /// Takes at most one record from the front of `received`, and opens it to the front of `destination`, see
    /// [`Connection::open_within`].
    ///
    /// # Errors
    /// As [`Connection::open_within`].
    pub fn open_into(
        &mut self,
        received: &[u8],
        destination: &mut [u8],
        output: &mut OutBuf,
    ) -> Result<OpenedRecord, Error> {
        let frame = match self.next_frame(received, output)? {
            Ok(frame) => frame,
            Err(other) => return Ok(other),
        };
        let body = &received[RECORD_HEADER..frame.len()];
        let opened = if self.opener.opens(frame.content_type) {
            let room_bytes = self.room(&frame, destination.len())?;
            self.open_apart(&frame, body, &mut destination[..room_bytes], output)
        } else {
            self.on_clear_record(&frame, body, output).map(|received| other(&frame, received))
        };
        opened.inspect_err(|error| self.fail(error, output))
    }

    /// How long the record will be, or `None` for no record. Updates a key that is spent.
    fn prepare(
        &mut self,
        plaintext_bytes: usize,
        room_bytes: usize,
        output: &mut OutBuf,
    ) -> Result<Option<usize>, Error> {
        self.check_writable()?;
        if plaintext_bytes == 0 {
            return Ok(None);
        }
        if plaintext_bytes > self.sending.sealer.max_fragment() {
            return Err(Error::Usage(
                "more plaintext than one record holds: `max_fragment`, which is 16,384 bytes at most",
            ));
        }
        let needed_bytes = self.record_bytes(plaintext_bytes);
        if room_bytes < needed_bytes {
            return Err(Error::BufferTooSmall { needed_bytes, got_bytes: room_bytes });
        }
        if self.key_update_pending || self.sending.sealer.is_key_spent() {
            self.answer_key_update(output)?;
        }
        Ok(Some(needed_bytes))
    }

    /// The whole record at the front of `bytes`, or what to return where there is none.
    fn next_frame(&mut self, bytes: &[u8], output: &mut OutBuf) -> Result<Result<Frame, OpenedRecord>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.reading {
            Reading::Open => {}
            Reading::Paused => return Ok(Err(OpenedRecord::Paused)),
            Reading::Closed => return Ok(Err(OpenedRecord::Closed { record_bytes: 0 })),
        }
        let frame = self.check_first_record(bytes).and_then(|()| deframe(bytes));
        let frame = frame.inspect_err(|error| self.fail(error, output))?;
        Ok(frame.ok_or(OpenedRecord::NeedInput))
    }

    /// How much of the destination a protected record needs.
    fn room(&self, frame: &Frame, got_bytes: usize) -> Result<usize, Error> {
        let needed_bytes = self.opener.inner_len(frame.body_len);
        if got_bytes < needed_bytes { Err(Error::BufferTooSmall { needed_bytes, got_bytes }) } else { Ok(needed_bytes) }
    }

    /// Opens `body` to `inner`, which is disjoint from it.
    fn open_apart(
        &mut self,
        frame: &Frame,
        body: &[u8],
        inner: &mut [u8],
        output: &mut OutBuf,
    ) -> Result<OpenedRecord, Error> {
        let opened = self.opener.open_into(frame, body, inner);
        let opened = match opened {
            Ok((content_type, len, copied)) => {
                self.on_opened(frame, content_type, &inner[..len], Aliasing::Disjoint, copied.0, output)
            }
            Err(error) => self.skip_early_data(frame, error).map(|received| other(frame, received)),
        };
        wipe_unless_data(&opened, inner);
        opened
    }

    /// Opens `body` where it is.
    fn open_there(
        &mut self,
        frame: &Frame,
        body: &mut [u8],
        aliasing: Aliasing,
        output: &mut OutBuf,
    ) -> Result<OpenedRecord, Error> {
        let opened = match self.opener.open(frame, body) {
            Ok((content_type, len)) => {
                let copied_bytes = if aliasing == Aliasing::InPlace { 0 } else { len };
                self.on_opened(frame, content_type, &body[..len], aliasing, copied_bytes, output)
            }
            Err(error) => self.skip_early_data(frame, error).map(|received| other(frame, received)),
        };
        wipe_unless_data(&opened, body);
        opened
    }

    /// Counts data, and processes any other content.
    fn on_opened(
        &mut self,
        frame: &Frame,
        content_type: ContentType,
        content: &[u8],
        aliasing: Aliasing,
        copied_bytes: usize,
        output: &mut OutBuf,
    ) -> Result<OpenedRecord, Error> {
        if content_type != ContentType::APPLICATION_DATA {
            return self.on_other_content(content_type, content, output).map(|received| other(frame, received));
        }
        match self.admits_data(content.len()) {
            Ok(true) => {}
            Ok(false) => return Ok(OpenedRecord::Advanced { record_bytes: frame.len() }),
            Err(error) => return self.on_early_data(content, error).map(|received| other(frame, received)),
        }
        self.opener.counters_mut().count_data(content.len(), copied_bytes);
        self.note_opened();
        Ok(OpenedRecord::Data { record_bytes: frame.len(), data_bytes: content.len(), aliasing, copied_bytes })
    }
}

const OUTSIDE: Error = Error::Usage("a span is outside of its buffer");
const NOTHING: SealedRecord = SealedRecord { record_bytes: 0, aliasing: Aliasing::Disjoint, copied_bytes: 0 };

const fn other(frame: &Frame, received: Received) -> OpenedRecord {
    match received {
        Received::Closed => OpenedRecord::Closed { record_bytes: frame.len() },
        _ => OpenedRecord::Advanced { record_bytes: frame.len() },
    }
}

/// Wipes what a failed primitive leaves behind, and content that is not application data: neither is for the caller.
fn wipe_unless_data(opened: &Result<OpenedRecord, Error>, bytes: &mut [u8]) {
    if !matches!(opened, Ok(OpenedRecord::Data { .. })) {
        bytes.fill(0);
    }
}

/// Moves the data at the front of `body` to `start`, and wipes what is left of the body.
fn move_data(buffer: &mut [u8], body: Range<usize>, start: usize, data_bytes: usize) {
    buffer.copy_within(body.start..body.start + data_bytes, start);
    let within = |position: usize| position.clamp(body.start, body.end);
    buffer[body.start..within(start)].fill(0);
    buffer[within(start + data_bytes)..body.end].fill(0);
}
