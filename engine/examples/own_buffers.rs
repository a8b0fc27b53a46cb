//! A client that seals and opens records in a buffer of its own: what it sends is encrypted where it is, and what it receives is
//! decrypted where it was read.
//!
//! `cargo run -p tls-engine --example own_buffers -- 127.0.0.1:8443 localhost roots.pem`

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::{env, error, fs};

use tls_engine::conn::OpenedRecord;
use tls_engine::limits::{RECORD_HEADER, RECORD_MAX};
use tls_engine::pki::certificates_from_pem;
use tls_engine::pki_types::ServerName;
use tls_engine::{ClientConfig, Connection, OutBuf};

const MESSAGE: &[u8] = b"Hello over TLS 1.3\n";

fn main() -> Result<(), Box<dyn error::Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(name), Some(roots)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: own_buffers ADDRESS NAME ROOTS.pem".into());
    };
    let config = ClientConfig::new(&certificates_from_pem(&fs::read(roots)?)?)?;
    let mut socket = TcpStream::connect(address)?;
    // What the protocol itself has to send: the handshake, alerts and KeyUpdates.
    let mut output = OutBuf::default();
    let mut connection = Connection::client(&config, ServerName::try_from(name)?, &mut output)?;
    let mut buffer = vec![0; 4 * RECORD_MAX];
    let (mut start, mut end) = (0, 0);
    let mut is_sent = false;
    loop {
        if connection.is_ready() && !is_sent {
            send(&mut connection, &mut output, &mut socket)?;
            connection.close(&mut output);
            is_sent = true;
        }
        flush(&mut output, &mut socket)?;
        // Where the content of the record lies, so that it is opened in place.
        let destination = (start + RECORD_HEADER).min(end)..end;
        let opened = connection.open_within(&mut buffer, start..end, destination.clone(), &mut output);
        // Where it fails, the peer is owed an alert.
        match opened.or_else(|error| flush(&mut output, &mut socket).and(Err(error.into())))? {
            OpenedRecord::NeedInput => {
                buffer.copy_within(start..end, 0);
                (start, end) = (0, end - start);
                match socket.read(&mut buffer[end..])? {
                    0 => connection.end_of_input()?,
                    count => end += count,
                }
            }
            OpenedRecord::Advanced { record_bytes } => start += record_bytes,
            OpenedRecord::Data { record_bytes, data_bytes, .. } => {
                io::stdout().write_all(&buffer[destination.start..destination.start + data_bytes])?;
                start += record_bytes;
            }
            OpenedRecord::Closed { .. } => return Ok(()),
            OpenedRecord::Paused => unreachable!("the configuration pauses for nothing"),
        }
    }
}

/// Seals the message in place: it lies where the content of its record begins.
fn send(connection: &mut Connection, output: &mut OutBuf, socket: &mut TcpStream) -> Result<(), Box<dyn error::Error>> {
    let mut record = vec![0; connection.record_bytes(MESSAGE.len())];
    let plaintext = RECORD_HEADER..RECORD_HEADER + MESSAGE.len();
    record[plaintext.clone()].copy_from_slice(MESSAGE);
    let all = 0..record.len();
    let sealed = connection.seal_within(&mut record, plaintext, all, output)?;
    // What is in the output was made before this record, and goes first.
    flush(output, socket)?;
    socket.write_all(&record[..sealed.record_bytes])?;
    Ok(())
}

fn flush(output: &mut OutBuf, socket: &mut TcpStream) -> Result<(), Box<dyn error::Error>> {
    socket.write_all(output.waiting())?;
    output.sent(output.len());
    Ok(())
}
