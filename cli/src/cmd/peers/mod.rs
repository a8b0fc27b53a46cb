//! `tlsbench peers`: measures libraries on the same works.

mod build;

use crate::error::Error;
use crate::library::LibraryName;
use crate::peers::Program;
use crate::plan::{ChosenLibrary, Peers};
use crate::render::{Align, Messages, Sheet, View};
use crate::runner;

pub use build::build;

/// Measures every work, by all libraries in turns.
pub fn run(plan: &Peers, messages: Messages) -> Result<(), Error> {
    let jobs = runner::jobs_of_peers(plan)?;
    runner::run_and_write(&jobs, false, &plan.output, messages)
}

/// The libraries, with their versions and where they are, or how they come here.
pub fn list() -> String {
    let headings = ["library", "version", "cryptography", "where"];
    let mut sheet = Sheet::new(headings.map(|heading| (heading, Align::Left)));
    for library in LibraryName::all() {
        sheet.row(row(library));
    }
    sheet.table(&View { terminal: View::terminal_width(), ..View::plain() })
}

fn row(library: LibraryName) -> Vec<String> {
    match (ChosenLibrary::find(library), library.build_needs()) {
        (Ok(ChosenLibrary { description, program, .. }), _) => {
            let own = if library == LibraryName::TlsEngine { "its providers" } else { "its own" };
            let place =
                program.map_or_else(|| "in this program".to_owned(), |program| program.path.display().to_string());
            vec![description.name, description.version, description.provider.unwrap_or_else(|| own.to_owned()), place]
        }
        (Err(_), Some(needs)) if !Program::is_there(library) => {
            let advice = format!("not here: tlsbench peers --build {}; it needs {needs}", library.name());
            vec![library.name().to_owned(), String::new(), String::new(), advice]
        }
        (Err(error), _) => vec![library.name().to_owned(), String::new(), String::new(), error.to_string()],
    }
}
