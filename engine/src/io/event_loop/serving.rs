use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use mio::event::Event;

use super::acceptor::Acceptor;
use super::group::Group;
use super::handler::{CloseReason, Service};
use super::origin::{Arrival, Beginning, Origin};
use super::{LISTENER, WAKER};
use crate::conn::{Connection, ServerConfig};
use crate::io::Socket;
use crate::mem::OutBuf;

/// The loop of a server: its connections were accepted, by itself or by another loop of its group.
pub(super) struct Serving<V> {
    pub(super) service: V,
    pub(super) config: Arc<ServerConfig>,
    pub(super) group: Arc<Group>,
    /// Which loop of the group it is.
    pub(super) index: usize,
    /// Only in the loop that accepts.
    pub(super) acceptor: Option<Acceptor>,
    pub(super) is_stopped: bool,
    /// Empty between rounds.
    pub(super) accepted: Vec<(Socket, SocketAddr)>,
}

impl<V: Service> Origin for Serving<V> {
    type Handler = V::Handler;

    fn is_over(&self) -> bool {
        // In this order, so that everything that was sent before accepting ended is found.
        self.group.is_accepting_over() && self.group.inbox(self.index).arrivals.is_empty()
    }

    fn begin_at(&self, now: Instant) -> Option<Instant> {
        self.acceptor.as_ref().filter(|_| !self.is_stopped).and_then(|acceptor| acceptor.try_at(now))
    }

    fn on_event(&mut self, event: &Event) {
        match event.token() {
            LISTENER => self.acceptor.iter_mut().for_each(Acceptor::on_event),
            // A permit may be free.
            WAKER => self.acceptor.iter_mut().for_each(Acceptor::retry),
            _ => {}
        }
    }

    fn retry(&mut self) {
        self.acceptor.iter_mut().for_each(Acceptor::retry);
    }

    /// Accepts, where this is the loop that does, and takes from its inbox what was accepted for this loop.
    fn begin(&mut self, beginning: &mut Beginning<'_>, arrivals: &mut Vec<Arrival<V::Handler>>) -> io::Result<()> {
        let Beginning { statistics, options, now, .. } = beginning;
        if let Self { acceptor: Some(acceptor), service, is_stopped: false, .. } = self {
            acceptor.accept(*now, |error| {
                statistics.accept_failures += 1;
                service.accept_failed(error);
            })?;
        }
        // Swapped, to reuse its memory.
        std::mem::swap(&mut self.accepted, &mut self.group.inbox(self.index).arrivals);
        arrivals.extend(self.accepted.drain(..).map(|(socket, peer)| Arrival {
            socket,
            peer,
            connection: Connection::server(&self.config),
            output: OutBuf::pooled(&options.pool, options.output_bytes),
            handler: self.service.accepted(peer),
            is_registered: false,
        }));
        Ok(())
    }

    fn ready(&mut self, peer: SocketAddr, _: &mut V::Handler, connection: &Connection) {
        self.service.ready(peer, connection);
    }

    fn ended(&mut self, peer: SocketAddr, handler: V::Handler, connection: &Connection, reason: &CloseReason) {
        // Its permit and its file descriptor are free again.
        if self.group.permits.release(self.index) {
            self.acceptor.iter_mut().for_each(Acceptor::retry);
            // Where this fails, the poll of the acceptor fails, too.
            let _ = self.group.wake_acceptor(self.index);
        }
        self.service.ended(peer, handler, connection, reason);
    }

    fn stop(&mut self) {
        self.is_stopped = true;
    }

    fn peak(&self) -> usize {
        self.acceptor.as_ref().map_or(0, Acceptor::peak)
    }
}
