//! Targets and their names; TCP connections to them; TLS conversations with deadlines over them, and a little HTTP.

mod conversation;
mod deadline_socket;
pub mod http;
mod local_ports;
mod open_files;
mod target;
mod tickets;

pub use conversation::{Conversation, Failure};
pub use deadline_socket::{DeadlineSocket, Traffic};
pub use local_ports::LocalPorts;
pub use open_files::OpenFiles;
pub use target::{Family, Reached, Target};
pub use tickets::TicketLog;
