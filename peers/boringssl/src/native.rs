//! What BoringSSL has that OpenSSL does not have, or has by another name. The crate `boring` does not reach all of it, so that this
//! module calls C itself.
#![allow(unsafe_code)]

use std::ptr;

use boring::error::ErrorStack;
use boring::ssl::{Ssl, SslContextBuilder, SslRef, SslStream};
use foreign_types::ForeignTypeRef;
use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};
use tlsbench::error::Error;

use crate::errors::lacks;

pub(crate) use boring::{nid, pkey, ssl, x509};

pub(crate) fn choose_tls13_suite(context: &mut SslContextBuilder, suite: CipherSuite) -> Result<(), Error> {
    // SAFETY: the context is valid, the suite is read during the call, and no flags are allowed.
    let is_known = unsafe { boring_sys::SSL_CTX_set1_tls13_ciphers(context.as_ptr(), &suite.0, ptr::null(), 1) };
    if is_known == 1 { Ok(()) } else { Err(lacks(&suite.to_string())) }
}

pub(crate) fn set_groups_list(context: &mut SslContextBuilder, groups: &str) -> Result<(), ErrorStack> {
    context.set_curves_list(groups)
}

/// How many tickets a server sends after a handshake of TLS 1.3.
pub(crate) fn set_num_tickets(context: &mut SslContextBuilder, tickets: usize) -> Result<(), Error> {
    // SAFETY: the context is valid.
    let is_set = unsafe { boring_sys::SSL_CTX_set_num_tickets(context.as_ptr(), tickets) };
    if is_set == 1 { Ok(()) } else { Err(lacks(&format!("{tickets} tickets"))) }
}

/// Sends the tickets of TLS 1.3, which wait for the first data. To write no data is what its documentation offers to servers that
/// send none.
pub(crate) fn flush_tickets<S>(stream: &mut SslStream<S>) -> Result<(), ssl::Error> {
    // SAFETY: the connection is valid, and no byte is read. The output takes all that is written, so that this can't fail; were the
    // tickets not sent, the next handshake would be a full one, which is an error there.
    unsafe { boring_sys::SSL_write(stream.ssl().as_ptr(), ptr::null(), 0) };
    Ok(())
}

/// There is nothing to do: sessions are resumed however their connections ended.
pub(crate) const fn mark_closed<S>(_: &mut SslStream<S>) {}

pub(crate) fn suite(ssl: &SslRef) -> Option<CipherSuite> {
    Some(CipherSuite(ssl.current_cipher()?.protocol_id()))
}

pub(crate) fn group(ssl: &SslRef) -> Option<NamedGroup> {
    ssl.curve().map(NamedGroup)
}

/// The scheme of the server's signature. A server forgets it after the handshake.
pub(crate) fn signature(ssl: &SslRef) -> Option<SignatureScheme> {
    if ssl.is_server() {
        return None;
    }
    // SAFETY: the connection is valid.
    let scheme = unsafe { boring_sys::SSL_get_peer_signature_algorithm(ssl.as_ptr()) };
    (scheme != 0).then_some(SignatureScheme(scheme))
}

pub(crate) fn hello_retry(ssl: &SslRef) -> Option<bool> {
    Some(ssl.used_hello_retry_request())
}

/// Why the peer's certificate was refused.
pub(crate) fn refusal(ssl: &SslRef) -> Option<&'static str> {
    ssl.verify_result().err().map(|error| error.error_string())
}

/// Lets a connection free what it was configured with once its handshake is complete, which its documentation offers to those
/// that live long.
pub(crate) fn shed_configuration(ssl: &mut Ssl) {
    // SAFETY: the connection is valid.
    unsafe { boring_sys::SSL_set_shed_handshake_config(ssl.as_ptr(), 1) };
}

/// There is nothing to do: BoringSSL releases its buffers whenever they are empty.
pub(crate) const fn release_buffers<S>(_: &mut SslStream<S>) {}
