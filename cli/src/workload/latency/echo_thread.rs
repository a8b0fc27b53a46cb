use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use super::affinity;
use super::callers::Echo;
use crate::clock::thread_cpu_ns;
use crate::error::Error;

/// What it took to echo the messages of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Echoed {
    /// Processor time of the thread.
    pub(super) cpu_ns: u64,
    /// System calls of its end.
    pub(super) syscalls: u64,
}

/// The thread that echoes: one for all conversations, as there is one for all of their clients, so that all of them run on the
/// same processors. It sleeps between blocks.
pub(super) struct EchoThread {
    orders: Option<Sender<Order>>,
    replies: Receiver<Result<Echoed, Error>>,
    handle: Option<JoinHandle<()>>,
}

/// Echo so many messages.
struct Order {
    conversation: usize,
    messages: u64,
}

impl EchoThread {
    /// Starts it with the ends of all conversations, pinned to a processor if that is asked for.
    pub(super) fn start(ends: Vec<Option<Box<dyn Echo>>>, processor: Option<usize>) -> Result<Self, Error> {
        let (orders, received) = channel();
        let (reply, replies) = channel();
        let handle = Builder::new()
            .name("echo".to_owned())
            .spawn(move || {
                let pinned = affinity::pin(processor).map(|()| Echoed::default());
                if reply.send(pinned).is_ok() {
                    serve(ends, &received, &reply);
                }
            })
            .map_err(|error| Error::io("starting a thread", error))?;
        let thread = Self { orders: Some(orders), replies, handle: Some(handle) };
        thread.wait().map(|_| thread)
    }

    /// Lets it echo so many messages of a conversation.
    pub(super) fn begin(&self, conversation: usize, messages: u64) {
        if let Some(orders) = &self.orders {
            // A thread that is gone is noticed by who waits for it.
            let _ = orders.send(Order { conversation, messages });
        }
    }

    /// Waits until it has done so, or has failed.
    pub(super) fn wait(&self) -> Result<Echoed, Error> {
        self.replies
            .recv()
            .unwrap_or_else(|_| Err(Error::Failed("the thread that echoes has ended too early".to_owned())))
    }
}

fn serve(mut ends: Vec<Option<Box<dyn Echo>>>, orders: &Receiver<Order>, reply: &Sender<Result<Echoed, Error>>) {
    for Order { conversation, messages } in orders {
        let place = &mut ends[conversation];
        let outcome = place.as_mut().map_or_else(|| Ok(Echoed::default()), |end| echo(end.as_mut(), messages));
        if outcome.is_err() {
            // The socket closes, and the client stops waiting.
            *place = None;
        }
        if reply.send(outcome).is_err() {
            return;
        }
    }
}

fn echo(end: &mut dyn Echo, messages: u64) -> Result<Echoed, Error> {
    let (calls, cpu_ns) = (end.syscalls(), thread_cpu_ns());
    for _ in 0..messages {
        end.echo()?;
    }
    Ok(Echoed { cpu_ns: thread_cpu_ns() - cpu_ns, syscalls: end.syscalls() - calls })
}

impl Drop for EchoThread {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(Err(panic)) = self.handle.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}
