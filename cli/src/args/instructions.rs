use clap::ValueEnum;

use super::{Output, Saving};
use crate::units::Bytes;

/// Counts the instructions of the engine's own work, without cryptography: of each side, for a record and for a handshake.
/// Counts of one build are always equal, however busy the machine is, so that even a small difference between two builds shows.
///
/// Runs itself under valgrind, which must be installed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Instructions {
    /// The work that is counted [default: both]
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    pub work: Vec<CountedWork>,

    /// Sizes of a record's content
    #[arg(long, value_name = "SIZE", value_delimiter = ',', default_value = "64,1350,16k")]
    pub size: Vec<Bytes>,

    /// The cipher suite
    #[arg(short, long, value_name = "NAME", value_delimiter = ',', default_value = "aes128gcm")]
    pub cipher: Vec<String>,

    /// The optimizations: all, none, or changes such as zero-copy=off+arena=off [default: all, none, and each one that affects
    /// the work by itself]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub setting: Vec<String>,

    /// Also count the cryptography of this provider. With aws-lc-rs such counts vary from run to run, and valgrind hides AVX-512
    /// from it
    #[arg(long, value_name = "NAME")]
    pub provider: Option<String>,

    /// Do the work instead of counting it: what runs under valgrind.
    #[arg(long, hide = true)]
    pub counted: bool,

    /// Where results go.
    #[command(flatten)]
    pub output: Output,

    /// Under which name they are kept.
    #[command(flatten)]
    pub saving: Saving,
}

/// What is done while instructions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CountedWork {
    /// Records are sealed and opened.
    Record,
    /// A connection is created, performs its handshake, and is dropped.
    Handshake,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench instructions
  tlsbench instructions --work record --size 64 --setting all,zero-copy=off
  tlsbench instructions --work handshake --setting all --json=instructions.json";
