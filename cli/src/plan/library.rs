use std::sync::Arc;

use crate::error::Error;
use crate::library::{Description, LibraryName};
use crate::peers::Program;

/// A library that was asked for, and is there.
#[derive(Clone)]
pub struct ChosenLibrary {
    /// As it was typed.
    pub name: LibraryName,
    /// Which one it is.
    pub description: Description,
    /// The program that has it, if that is not this one.
    pub program: Option<Arc<Program>>,
}

impl ChosenLibrary {
    /// Finds out whether it is there.
    pub fn find(name: LibraryName) -> Result<Self, Error> {
        if let Some(description) = name.description() {
            return Ok(Self { name, description, program: None });
        }
        let program = Program::find(name)?;
        Ok(Self { name, description: program.library.clone(), program: Some(Arc::new(program)) })
    }

    /// Whether it is the engine of this project, the only one with providers and switches.
    pub fn is_engine(&self) -> bool {
        self.name == LibraryName::TlsEngine
    }
}
