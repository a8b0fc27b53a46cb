//! Libraries in programs of their own, because their symbols collide or their builds need tools that few have: `peers/NAME` in
//! the repository, or anybody's.
//!
//! Such a program links this package, calls [`serve`], and does whole blocks of work that it is asked for over a pipe, so that
//! blocks of different programs take turns. What is timed and counted is in the program, and the same code as here.

mod handshakes;
mod messages;
mod process;
mod program;
mod serve;
mod transfer;

pub use handshakes::PeerHandshakes;
pub use program::Program;
pub use serve::serve;
pub use transfer::PeerLibrary;
