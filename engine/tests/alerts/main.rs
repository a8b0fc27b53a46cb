//! What a peer does wrong is answered with the alert that RFC 8446 asks for, in both roles and in every state.
//!
//! Each row of the tables is one connection: a scripted peer brings it to a state with a real handshake, does one thing
//! wrong, and finds exactly one alert, the last record of the connection, encrypted where there are keys. The connection
//! returns the error that belongs to it, and nothing else from then on.

#![allow(unreachable_pub, reason = "modules of one test")]

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod client_hello;
mod compressed_certificates;
mod early_data;
mod early_data_accepted;
mod encrypted_flight;
mod endings;
mod external_psk;
mod grease;
mod headers;
mod hybrids;
mod ignored_extensions;
mod malformed;
mod names;
mod order;
mod post_handshake;
mod records;
mod resumption;
mod resumption_tolerated;
mod retry_request;
mod second_hello;
mod server_hello;
mod table;
mod tolerated;
