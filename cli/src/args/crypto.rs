use std::time::Duration;

use super::Output;
use crate::units::{Bytes, parse_duration};

/// Measures the cryptography itself, without TLS: every algorithm of every provider on this CPU, in turns, with every result
/// checked. Shows the implementation of each, and which provider `auto` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Crypto {
    /// Only these providers; auto stands for the implementations that it takes
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub provider: Vec<String>,

    /// Only these algorithms, such as aes128gcm, sha256, x25519, ed25519; or kinds: aead, hash, group, signature
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub algorithm: Vec<String>,

    /// Sizes of the data that is sealed, opened and hashed
    #[arg(long, value_name = "SIZE", value_delimiter = ',', default_value = "16,64,1k,4k,16k,64k")]
    pub size: Vec<Bytes>,

    /// How long each operation of each implementation is measured
    #[arg(short, long, visible_short_alias = 'z', value_name = "TIME", value_parser = parse_duration)]
    #[arg(default_value = "150ms")]
    pub duration: Duration,

    /// The seed of the order in which implementations take turns
    #[arg(long, value_name = "N", default_value = "1")]
    pub seed: u64,

    /// Where results go.
    #[command(flatten)]
    pub output: Output,
}

const EXAMPLES: &str = "\
Examples:
  tlsbench crypto
  tlsbench crypto --algorithm aes128gcm,chacha20poly1305 --size 64,16k --duration 1s
  tlsbench crypto --algorithm group,signature --provider aws-lc-rs --json=crypto.json";
