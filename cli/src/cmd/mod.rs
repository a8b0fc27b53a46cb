//! The commands. Each takes a plan and returns what it found; none knows another.

pub mod ciphers;
pub mod compare;
pub mod connect;
pub mod count;
pub mod crypto;
pub mod doctor;
pub mod export;
pub mod gate;
pub mod history;
pub mod manual;
pub mod measure;
pub mod peers;
pub mod report;
pub mod run;
pub mod serve;
