//! `tlsbench`: measures TLS.

fn main() {}
