//! OpenSSL of this system for `tlsbench --library openssl`.

use std::process::ExitCode;

use tlsbench::library::Description;
use tlsbench::peers;
use tlsbench_openssl::{OpenSsl, version};

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    let library = Description { name: "openssl".to_owned(), version: version().to_owned(), provider: None };
    peers::serve(library, OpenSsl::new)
}
