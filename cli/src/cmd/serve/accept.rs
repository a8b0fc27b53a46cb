//! Accepting connections: a thread for each, and a bound on how many there are.

use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tls_engine::conn::Connection;
use tls_engine::io::{Listener, Socket};

use super::modes;
use super::outcome::{self, End};
use crate::error::Error;
use crate::net::{Conversation, Failure};
use crate::plan::Serve;
use crate::render::Messages;

/// How long accepting pauses after a failure: most are for want of file descriptors, which come back.
const PAUSE: Duration = Duration::from_millis(100);

/// The thread that accepts. It lives as long as the process.
pub(super) struct Acceptor {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Serve,
    messages: Messages,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    running: usize,
    accepting_is_over: bool,
}

/// Begins to accept.
pub(super) fn start(listener: Listener, plan: Serve, messages: Messages) -> Result<Acceptor, Error> {
    let shared = Arc::new(Shared { plan, messages, state: Mutex::default(), changed: Condvar::new() });
    let theirs = Arc::clone(&shared);
    thread::Builder::new()
        .name("accept".into())
        .spawn(move || accept_all(&listener, &theirs))
        .map_err(|error| Error::io("starting a thread", error))?;
    Ok(Acceptor { shared })
}

impl Acceptor {
    /// Waits for up to `time`; true once all connections that were asked for have ended.
    pub(super) fn wait_for_end(&self, time: Duration) -> bool {
        let over = |state: &mut State| state.accepting_is_over && state.running == 0;
        let guard = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(guard, time, |state| !over(state));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        over(&mut state)
    }

    /// How many connections there are.
    pub(super) fn running(&self) -> usize {
        self.shared.lock().running
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, work: impl FnOnce(&mut State)) {
        work(&mut self.lock());
        self.changed.notify_all();
    }
}

/// A place among the connections that may be open, given back when dropped.
struct Slot(Arc<Shared>);

impl Slot {
    /// Waits until one is free. It stays so: only the thread that accepts takes any.
    fn wait(shared: &Shared) {
        let full = |state: &mut State| state.running >= shared.plan.connections_max;
        drop(shared.changed.wait_while(shared.lock(), full).unwrap_or_else(PoisonError::into_inner));
    }

    fn take(shared: &Arc<Shared>) -> Self {
        shared.change(|state| state.running += 1);
        Self(Arc::clone(shared))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.change(|state| state.running -= 1);
    }
}

fn accept_all(listener: &Listener, shared: &Arc<Shared>) {
    let mut accepted = 0;
    while shared.plan.connections_total.is_none_or(|total| accepted < total) {
        Slot::wait(shared);
        match listener.accept() {
            Ok((socket, address)) => {
                accepted += 1;
                spawn(socket, address, Slot::take(shared));
            }
            Err(error) => {
                shared.messages.complaint(&format!("accepting a connection: {error}"));
                thread::sleep(PAUSE);
            }
        }
    }
    shared.change(|state| state.accepting_is_over = true);
}

fn spawn(socket: Socket, address: SocketAddr, slot: Slot) {
    let shared = Arc::clone(&slot.0);
    let work = move || {
        let Slot(shared) = &slot;
        if let Err(error) = serve(socket, shared, address) {
            shared.messages.complaint(&error.to_string());
        }
    };
    // The slot goes with the closure, also where no thread can be had for it.
    if let Err(error) = thread::Builder::new().name("connection".into()).spawn(work) {
        shared.messages.complaint(&format!("{address}: no thread for it: {error}"));
    }
}

/// One connection, from handshake to end.
fn serve(socket: Socket, shared: &Shared, address: SocketAddr) -> Result<(), Error> {
    let plan = &shared.plan;
    let name = address.to_string();
    let connection = Connection::server(&plan.config);
    let mut conversation = Conversation::new(connection, socket, Conversation::output_buffer(&plan.pool), &plan.pool)
        .map_err(|error| Failure::from(error).with_target(&name))?;
    match converse(&mut conversation, plan, shared, &name) {
        Ok(End::Done) => Ok(()),
        Ok(End::Leave) => {
            conversation.leave();
            Ok(())
        }
        Err(Failure::Interrupted) => {
            conversation.close_without_waiting();
            Ok(())
        }
        Err(failure) => Err(failure),
    }
    .map_err(|failure| failure.with_target(&name))
}

fn converse(conversation: &mut Conversation, plan: &Serve, shared: &Shared, name: &str) -> Result<End, Failure> {
    conversation.handshake(Instant::now() + plan.timeout)?;
    if let Some(negotiated) = conversation.connection().negotiated() {
        shared.messages.detail(&format!("{name}: {}", outcome::summary(negotiated)));
    }
    let end = modes::run(plan.mode, conversation, plan.timeout)?;
    let (opened, sealed) = (conversation.connection().opened().bytes, conversation.connection().sealed().bytes);
    shared.messages.detail(&format!("{name}: ended; {opened} bytes received, {sealed} sent"));
    Ok(end)
}
