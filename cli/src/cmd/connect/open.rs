//! One connection up to the end of its handshake, and what is to be known of it.

use std::time::{Instant, SystemTime};

use tls_engine::conn::{ClientCertificate, Connection, Negotiated};
use tls_engine::io::StreamParts;
use tls_engine::mem::{InBuf, OutBuf};

use super::certificate::bounded;
use super::chain::chain;
use crate::error::Error;
use crate::identity;
use crate::measure::{nanoseconds, nanoseconds_of};
use crate::net::{Conversation, DeadlineSocket, Failure, Traffic};
use crate::plan::Connect;
use crate::schema::connection::{Connection as About, FailedAddress, NegotiatedParameters};

/// A connection whose handshake has completed. Its socket does not block.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) socket: DeadlineSocket,
    pub(super) input: InBuf,
    pub(super) output: OutBuf,
    /// When the handshake had completed.
    pub(super) ready_at: Instant,
    /// How many bytes of early data were sent before.
    pub(super) early_bytes: usize,
}

/// Connects. What becomes known of the connection goes to `about`, also where it fails.
pub(super) fn open(plan: &Connect, early_data: &[u8], about: &mut About) -> Result<Opened, Error> {
    let target = plan.target.to_string();
    let failed = |failure: Failure| failure.with_target(&target);
    let deadline = Instant::now() + plan.timeout;
    let reached = plan.target.connect(&plan.sockets)?;
    about.address = Some(reached.address.to_string());
    let failure =
        |(address, error): &(_, _)| FailedAddress { address: format!("{address}"), error: format!("{error}") };
    about.failed_addresses = reached.failures.iter().map(failure).collect();
    about.times.dns_ns = reached.resolving.map(nanoseconds_of);
    about.times.tcp_ns = Some(nanoseconds_of(reached.connecting));

    let began = Instant::now();
    let mut output = Conversation::output_buffer(&plan.pool);
    let mut connection = Connection::client(&plan.config, plan.name.clone(), &mut output)?;
    let hello_bytes = output.len();
    let early_bytes = connection.write_early_data(early_data, &mut output)?;
    let early_wire_bytes = (output.len() - hello_bytes) as u64;
    let mut conversation =
        Conversation::new(connection, reached.socket, output, &plan.pool).map_err(|error| failed(error.into()))?;
    let done = conversation.handshake(deadline);
    let ready_at = Instant::now();
    let traffic = conversation.traffic();
    note_traffic(about, traffic);
    about.chain = plan.keeper.take().map(|shown| chain(&shown, plan.trust.roots(), SystemTime::now()));
    done.map_err(failed)?;
    about.times.tls_ns = Some(nanoseconds(began, ready_at));
    about.negotiated = conversation.connection().negotiated().map(parameters);

    // Nothing was asked for yet, so that none of it is unread.
    let StreamParts { connection, transport: socket, input, output, .. } =
        conversation.into_parts().map_err(|error| failed(error.into()))?;
    about.wire.handshake_sent_bytes = Some(traffic.sent_bytes - early_wire_bytes);
    // What came with the end of it is for later.
    about.wire.handshake_received_bytes = Some(traffic.received_bytes - input.len() as u64);
    Ok(Opened { connection, socket, input, output, ready_at, early_bytes })
}

/// The bytes on the wire so far.
pub(super) fn note_traffic(about: &mut About, traffic: Traffic) {
    about.wire.sent_bytes = traffic.sent_bytes;
    about.wire.received_bytes = traffic.received_bytes;
}

fn parameters(negotiated: &Negotiated) -> NegotiatedParameters {
    NegotiatedParameters {
        version: negotiated.version.to_string(),
        cipher_suite: negotiated.suite.to_string(),
        group: negotiated.group.map(|group| group.to_string()),
        hello_retry: negotiated.hello_retry,
        signature: negotiated.signature().map(|scheme| scheme.to_string()),
        certificate_compression: negotiated.certificate_compression.map(|with| with.to_string()),
        alpn: negotiated.alpn.as_ref().map(|alpn| bounded(&String::from_utf8_lossy(alpn))),
        resumed: negotiated.is_resumed(),
        early_data: negotiated.early_data,
        psk_identity: negotiated.psk_identity.is_some().then(|| identity::of_psk(negotiated)),
        client_certificate_requested: negotiated.client_certificate != ClientCertificate::NotRequested,
    }
}
