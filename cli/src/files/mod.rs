//! The files that users name: one way to write them and one to read them, whatever kind of file their paths lead to.

mod read;
mod same;
mod target;
mod text;
mod write;

pub use read::{read, read_secret};
pub use same::{FileId, file_id};
pub use text::{NotText, foreign_encoding, text};
pub use write::{append, check, check_in_new_folder, is_replaced, stream, write, write_in_new_folder};
