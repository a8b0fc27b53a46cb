//! BoringSSL does what every library must, alone and with the engine.

#[path = "../../openssl/tests/matrix/mod.rs"]
mod matrix;

use tlsbench_boringssl::{BoringSsl as Tested, version};

const NAME: &str = "BoringSSL";
