//! Targets and their names; TCP connections to them; TLS conversations with deadlines over them, and a little HTTP.

mod conversation;
pub mod http;
mod patience;
mod target;

pub use conversation::{Conversation, Failure};
pub use patience::PatientSocket;
pub use target::{Family, Target};
