//! A client whose connection is in two halves: one thread sends while another receives, without a lock between them.
//!
//! `cargo run -p tls-engine --example two_halves -- 127.0.0.1:8443 localhost roots.pem`

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::{env, error, fs, thread};

use tls_engine::conn::{OpeningHalf, SealingHalf};
use tls_engine::io::{Filled, StreamParts, fill, flush};
use tls_engine::pki::certificates_from_pem;
use tls_engine::pki_types::ServerName;
use tls_engine::signal::Signal;
use tls_engine::{ClientConfig, InBuf, OutBuf, Progress, Stream};

type Failure = Box<dyn error::Error + Send + Sync>;

/// What wakes the sending thread.
enum Wake {
    /// There is data to send.
    Data(&'static str),
    /// There is no more to send.
    Close,
    /// The receiving half has something that the sending half has to answer.
    Signal,
}

/// A signal over the channel that the sending thread waits on.
struct ChannelSignal(Sender<Wake>);

impl Signal for ChannelSignal {
    fn raise(&self) {
        // Where nobody waits any more, nobody has to be woken.
        let _ = self.0.send(Wake::Signal);
    }

    fn clear(&self) {}
}

fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let (Some(address), Some(name), Some(roots)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: two_halves ADDRESS NAME ROOTS.pem".into());
    };
    let config = ClientConfig::new(&certificates_from_pem(&fs::read(roots)?)?)?;
    let mut stream = Stream::client(&config, ServerName::try_from(name)?, TcpStream::connect(address)?)?;
    stream.handshake()?;
    let StreamParts { connection, transport, input, output, .. } = stream.into_parts();
    let (wake, woken) = channel();
    let (sealing, opening) = connection.split(ChannelSignal(wake.clone()))?;
    let socket = transport.try_clone()?;
    let receiving = thread::spawn(move || receive(opening, input, socket));
    for line in ["Hello", " over TLS 1.3", " on two threads\n"] {
        wake.send(Wake::Data(line))?;
    }
    wake.send(Wake::Close)?;
    drop(wake);
    send(sealing, output, transport, &woken)?;
    receiving.join().expect("the receiving thread does not panic")
}

/// Seals and sends data as it comes, and what the other half has found that the peer is owed.
fn send(
    mut sealing: SealingHalf,
    mut output: OutBuf,
    mut socket: TcpStream,
    woken: &Receiver<Wake>,
) -> Result<(), Failure> {
    while let Ok(wake) = woken.recv() {
        match wake {
            Wake::Data(line) => drop(sealing.write_tls(&[line.as_bytes()], &mut output)?),
            Wake::Close => sealing.close(&mut output),
            Wake::Signal => sealing.answer(&mut output)?,
        }
        flush(&mut output, &mut socket)?;
    }
    Ok(())
}

/// Opens and prints what comes, until the peer says that no more will. Dropping the half ends the sending thread.
fn receive(mut opening: OpeningHalf<ChannelSignal>, mut input: InBuf, mut socket: TcpStream) -> Result<(), Failure> {
    loop {
        match opening.read_tls(&mut input)? {
            Progress::Data(data) => io::stdout().write_all(data)?,
            // Handshakes pause, and this one is done.
            Progress::Advanced | Progress::Paused => {}
            Progress::Closed => return Ok(()),
            Progress::NeedInput => {
                if fill(&mut input, &mut socket)? == Filled::End {
                    opening.end_of_input()?;
                }
            }
        }
    }
}
