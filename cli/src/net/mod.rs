//! Targets and their names; TCP connections to them; TLS conversations with deadlines over them.

mod conversation;
mod patience;
mod target;

pub use conversation::{Conversation, Failure};
pub use target::{Family, Target};
