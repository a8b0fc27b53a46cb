//! What OpenSSL has that BoringSSL does not have, or has by another name. The crate `openssl` does not reach all of it, so that
//! this module calls C itself.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io::{Read, Write};
use std::ptr;

use foreign_types::ForeignTypeRef;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Id;
use openssl::ssl::{ShutdownState, Ssl, SslContextBuilder, SslRef, SslStream};
use openssl::x509::X509VerifyResult;
use tls_engine::codes::{CipherSuite, NamedGroup, SignatureScheme};
use tlsbench::error::Error;

use crate::errors::{failed, lacks};

pub(crate) use openssl::{nid, pkey, ssl, x509};

/// Commands of SSL_ctrl, and what it adds to the number of a group that OpenSSL has no object for (ssl.h, tls1.h).
const GET_PEER_SIGNATURE_NID: c_int = 108;
const GET_SIGNATURE_NID: c_int = 132;
const GET_NEGOTIATED_GROUP: c_int = 134;
const UNKNOWN_GROUP: i64 = 0x0100_0000;

unsafe extern "C" {
    fn SSL_get_peer_signature_type_nid(ssl: *const openssl_sys::SSL, nid: *mut c_int) -> c_int;
    fn SSL_get_signature_type_nid(ssl: *const openssl_sys::SSL, nid: *mut c_int) -> c_int;
    fn SSL_free_buffers(ssl: *mut openssl_sys::SSL) -> c_int;
}

pub(crate) fn choose_tls13_suite(context: &mut SslContextBuilder, suite: CipherSuite) -> Result<(), Error> {
    context.set_ciphersuites(&suite.to_string()).map_err(|_| lacks(&suite.to_string()))
}

pub(crate) fn set_groups_list(context: &mut SslContextBuilder, groups: &str) -> Result<(), ErrorStack> {
    context.set_groups_list(groups)
}

/// How many tickets a server sends after a handshake of TLS 1.3: two unless told, even if their sessions are in a cache instead.
pub(crate) fn set_num_tickets(context: &mut SslContextBuilder, tickets: usize) -> Result<(), Error> {
    context.set_num_tickets(tickets).map_err(failed)
}

/// There is nothing to do: tickets are sent with the handshake.
pub(crate) const fn flush_tickets<S>(_: &mut SslStream<S>) -> Result<(), ssl::Error> {
    Ok(())
}

/// Lets the connection end as one that was closed. OpenSSL never resumes the session of another.
pub(crate) fn mark_closed<S: Read + Write>(stream: &mut SslStream<S>) {
    stream.set_shutdown(ShutdownState::SENT | ShutdownState::RECEIVED);
}

pub(crate) fn suite(ssl: &SslRef) -> Option<CipherSuite> {
    Some(CipherSuite(u16::from_be_bytes(ssl.current_cipher()?.protocol_id())))
}

pub(crate) fn group(ssl: &SslRef) -> Option<NamedGroup> {
    // SAFETY: the connection is valid, and this command takes no pointer.
    let object = unsafe { openssl_sys::SSL_ctrl(ssl.as_ptr(), GET_NEGOTIATED_GROUP, 0, ptr::null_mut()) };
    if object & UNKNOWN_GROUP != 0 {
        return u16::try_from(object ^ UNKNOWN_GROUP).ok().map(NamedGroup);
    }
    let object = c_int::try_from(object).ok()?;
    match Nid::from_raw(object) {
        Nid::X9_62_PRIME256V1 => Some(NamedGroup::SECP256R1),
        Nid::SECP384R1 => Some(NamedGroup::SECP384R1),
        Nid::SECP521R1 => Some(NamedGroup::SECP521R1),
        _ if object == Id::X25519.as_raw() => Some(NamedGroup::X25519),
        _ if object == Id::X448.as_raw() => Some(NamedGroup(0x001e)),
        _ => None,
    }
}

/// The scheme of the server's signature. OpenSSL tells key and hash.
pub(crate) fn signature(ssl: &SslRef) -> Option<SignatureScheme> {
    let (mut key, mut hash): (c_int, c_int) = (0, 0);
    let hash_pointer = ptr::from_mut(&mut hash).cast::<c_void>();
    // SAFETY: the connection is valid, and each call writes one int, to an int of ours.
    let is_known = unsafe {
        if ssl.is_server() {
            SSL_get_signature_type_nid(ssl.as_ptr(), &mut key) != 0
                && openssl_sys::SSL_ctrl(ssl.as_ptr(), GET_SIGNATURE_NID, 0, hash_pointer) != 0
        } else {
            SSL_get_peer_signature_type_nid(ssl.as_ptr(), &mut key) != 0
                && openssl_sys::SSL_ctrl(ssl.as_ptr(), GET_PEER_SIGNATURE_NID, 0, hash_pointer) != 0
        }
    };
    if !is_known {
        return None;
    }
    // It hashes by itself.
    if key == Id::ED25519.as_raw() {
        return Some(SignatureScheme::ED25519);
    }
    match (Nid::from_raw(key), Nid::from_raw(hash)) {
        (Nid::X9_62_ID_ECPUBLICKEY, Nid::SHA256) => Some(SignatureScheme::ECDSA_SECP256R1_SHA256),
        (Nid::X9_62_ID_ECPUBLICKEY, Nid::SHA384) => Some(SignatureScheme::ECDSA_SECP384R1_SHA384),
        (Nid::RSASSAPSS, Nid::SHA256) => Some(SignatureScheme::RSA_PSS_RSAE_SHA256),
        (Nid::RSASSAPSS, Nid::SHA384) => Some(SignatureScheme::RSA_PSS_RSAE_SHA384),
        (Nid::RSASSAPSS, Nid::SHA512) => Some(SignatureScheme::RSA_PSS_RSAE_SHA512),
        (Nid::RSAENCRYPTION, Nid::SHA256) => Some(SignatureScheme::RSA_PKCS1_SHA256),
        (Nid::RSAENCRYPTION, Nid::SHA384) => Some(SignatureScheme::RSA_PKCS1_SHA384),
        (Nid::RSAENCRYPTION, Nid::SHA512) => Some(SignatureScheme::RSA_PKCS1_SHA512),
        _ => None,
    }
}

/// OpenSSL does not tell whether there was a HelloRetryRequest.
pub(crate) const fn hello_retry(_: &SslRef) -> Option<bool> {
    None
}

/// Why the peer's certificate was refused.
pub(crate) fn refusal(ssl: &SslRef) -> Option<&'static str> {
    let result = ssl.verify_result();
    (result != X509VerifyResult::OK).then(|| result.error_string())
}

/// There is nothing to do: OpenSSL keeps what a connection was configured with.
pub(crate) const fn shed_configuration(_: &mut Ssl) {}

/// Gives back the buffers of an idle connection. They are allocated again at need.
pub(crate) fn release_buffers<S>(stream: &mut SslStream<S>) {
    // SAFETY: the connection is valid, and nobody else uses it at the same time. Buffers that are in use are kept.
    unsafe { SSL_free_buffers(stream.ssl().as_ptr()) };
}
