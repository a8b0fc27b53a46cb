//! OpenSSL from its sources for `tlsbench --library openssl-src`.

use std::process::ExitCode;

// The crate is named so that its feature `vendored` counts, which decides what `tlsbench_openssl` is linked with.
use openssl as _;
use tlsbench::library::Description;
use tlsbench::peers;
use tlsbench_openssl::{OpenSsl, version};

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    let library = Description { name: "openssl-src".to_owned(), version: version().to_owned(), provider: None };
    peers::serve(library, OpenSsl::new)
}
