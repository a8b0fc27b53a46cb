//! s2n-tls for `tlsbench --library s2n-tls`.

use std::process::ExitCode;

use tlsbench::library::Description;
use tlsbench::peers;
use tlsbench_s2n_tls::{S2nTls, VERSION};

/// So that heap calls are counted.
#[global_allocator]
static ALLOCATOR: heap_meter::Allocator = heap_meter::Allocator;

fn main() -> ExitCode {
    let library = Description { name: "s2n-tls".to_owned(), version: VERSION.to_owned(), provider: None };
    peers::serve(library, S2nTls::new)
}
