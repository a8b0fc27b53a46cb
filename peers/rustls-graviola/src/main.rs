//! rustls with graviola for `tlsbench --library rustls-graviola`.

use std::process::ExitCode;

use tlsbench::library::Description;
use tlsbench::peers;
use tlsbench_rustls_graviola::{CRYPTOGRAPHY, CRYPTOGRAPHY_VERSION, VERSION, library};

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    let provider = format!("{CRYPTOGRAPHY} {CRYPTOGRAPHY_VERSION}");
    let description =
        Description { name: "rustls-graviola".to_owned(), version: VERSION.to_owned(), provider: Some(provider) };
    peers::serve(description, library)
}
