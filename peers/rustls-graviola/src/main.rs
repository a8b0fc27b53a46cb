//! The runner of rustls with graviola.

use tlsbench_rustls_graviola::{CRYPTOGRAPHY, CRYPTOGRAPHY_VERSION, NAME, VERSION};

fn main() {
    println!("{NAME} {VERSION}, {CRYPTOGRAPHY} {CRYPTOGRAPHY_VERSION}");
}
