//! Both halves over a socket, each in a thread that sleeps on what it waits for and nothing else.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tls_engine::Error;
use tls_engine::conn::{OpeningHalf, Progress, SealingHalf};
use tls_engine::counters::Counters;
use tls_engine::io::SignalFd;
use tls_engine::mem::{InBuf, OutBuf};
use tls_engine::signal::Signal;

use crate::support::endpoint::{DEADLINE, Endpoint};

/// What the sealing thread is to do.
pub enum Order {
    Send(Vec<u8>),
    UpdateKeys,
    Close,
}

/// An [`Order`] reaches a thread that sleeps in a poll.
pub struct Orders {
    sender: Sender<Order>,
    signal: Arc<SignalFd>,
}

impl Orders {
    pub fn give(&self, order: Order) {
        // A thread that has ended with an error takes none; its error is looked at by who joins it.
        let _ = self.sender.send(order);
        self.signal.raise();
    }
}

/// How the sealing thread has ended: after close_notify, or with an error.
pub type Sealed = (SealingHalf, Result<(), Error>);

/// What came, with the half that opened it.
pub struct Opened {
    pub half: OpeningHalf<Arc<SignalFd>>,
    pub data: Vec<u8>,
    pub end: Result<(), Error>,
}

pub struct Threads {
    pub orders: Orders,
    pub sealing: JoinHandle<Sealed>,
    pub opening: JoinHandle<Opened>,
    /// The opening half's signal.
    pub signal: Arc<SignalFd>,
}

impl Threads {
    /// Splits `end`, and starts both threads. The opening one tells `progress` what it has opened, after each record.
    pub fn start(end: Endpoint, progress: impl Fn(Counters) + Send + 'static) -> Self {
        let (side, socket) = end.into_parts();
        let signal = Arc::new(SignalFd::event_fd().expect("an eventfd"));
        let (sealing, opening) = side.connection.split(Arc::clone(&signal)).expect("a connection that is ready");
        let (sender, receiver) = channel();
        let ordered = Arc::new(SignalFd::event_fd().expect("an eventfd"));
        let orders = Orders { sender, signal: Arc::clone(&ordered) };
        let writer = socket.try_clone().expect("a second handle");
        let (input, output, waits_for) = (side.input, side.output, Arc::clone(&signal));
        Self {
            orders,
            sealing: spawn(move || {
                Sealer { half: sealing, output, socket: writer }.run(&receiver, &ordered, &waits_for)
            }),
            opening: spawn(move || open(opening, input, socket, progress)),
            signal,
        }
    }
}

struct Sealer {
    half: SealingHalf,
    output: OutBuf,
    socket: TcpStream,
}

impl Sealer {
    /// Sleeps on two descriptors: work, and what the opening half has for it.
    fn run(mut self, orders: &Receiver<Order>, ordered: &SignalFd, signal: &SignalFd) -> Sealed {
        loop {
            assert!(sleep(&[ordered.as_fd(), signal.as_fd()], DEADLINE), "nothing to do for very long");
            signal.clear();
            let answered = self.half.answer(&mut self.output);
            self.flush();
            if answered.is_err() {
                return (self.half, answered);
            }
            ordered.clear();
            for order in orders.try_iter() {
                match self.carry_out(order) {
                    Ok(false) => {}
                    ended => return (self.half, ended.map(|_| ())),
                }
            }
        }
    }

    /// Whether that was the last.
    fn carry_out(&mut self, order: Order) -> Result<bool, Error> {
        let result = match order {
            Order::Send(data) => self.send(&data),
            Order::UpdateKeys => self.half.update_keys(true, &mut self.output),
            Order::Close => {
                self.half.close(&mut self.output);
                self.flush();
                self.socket.shutdown(Shutdown::Write).expect("a socket that is open");
                return Ok(true);
            }
        };
        self.flush();
        result.map(|()| false)
    }

    fn send(&mut self, mut data: &[u8]) -> Result<(), Error> {
        while !data.is_empty() {
            let taken = self.half.write_tls(&[data], &mut self.output)?;
            assert!(taken > 0 || !self.output.is_empty(), "no room in an empty buffer");
            data = &data[taken..];
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) {
        let count = self.output.len();
        self.socket.write_all(self.output.waiting()).expect("a peer that reads");
        self.output.sent(count);
    }
}

fn open(
    mut half: OpeningHalf<Arc<SignalFd>>,
    mut input: InBuf,
    mut socket: TcpStream,
    progress: impl Fn(Counters),
) -> Opened {
    let mut data = Vec::new();
    loop {
        let end = match half.read_tls(&mut input) {
            Ok(Progress::Data(bytes)) => {
                data.extend_from_slice(bytes);
                progress(half.opened());
                continue;
            }
            Ok(Progress::Advanced | Progress::Paused) => {
                progress(half.opened());
                continue;
            }
            Ok(Progress::NeedInput) => match socket.read(input.spare()).expect("a socket that is open") {
                0 => half.end_of_input(),
                count => {
                    input.filled(count);
                    continue;
                }
            },
            Ok(Progress::Closed) => Ok(()),
            Err(error) => Err(error),
        };
        return Opened { half, data, end };
    }
}

/// Sleeps until one of `fds` is readable; `false` where none was for so long.
pub fn sleep(fds: &[BorrowedFd<'_>], time: Duration) -> bool {
    let mut fds: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let time = Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() };
    poll(&mut fds, Some(&time)).expect("a poll") > 0
}
