//! BoringSSL for `tlsbench --library boringssl`.

use std::process::ExitCode;

use tlsbench::library::Description;
use tlsbench::peers;
use tlsbench_boringssl::{BoringSsl, version};

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    let library = Description { name: "boringssl".to_owned(), version: version().to_owned(), provider: None };
    peers::serve(library, BoringSsl::new)
}
