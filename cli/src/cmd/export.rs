//! `tlsbench export`: results in the forms of other tools.

use std::path::Path;

use crate::error::Error;
use crate::files;
use crate::plan::{Destination, Export};
use crate::render::{Messages, write};
use crate::schema::Warning;

/// Writes the plan's results to where they go.
pub fn run(plan: &Export, messages: Messages) -> Result<(), Error> {
    if plan.document.partial {
        messages.warning(&Warning {
            message: "the run was interrupted; cases may be missing".to_owned(),
            advice: "export a complete run instead".to_owned(),
        });
    }
    plan.document.not_measurable().iter().for_each(|reason| messages.warning(reason));
    let chosen = plan.wanted.choose(&plan.document)?;
    let exported = plan.form.export(&plan.document, &chosen)?;
    for file in &exported {
        let path = match &plan.to {
            Destination::Text(place) => {
                write(place, &file.text)?;
                place.path().map(Path::to_owned)
            }
            Destination::Folder(folder) => {
                let path = folder.join(file.name);
                files::write_in_new_folder(&path, file.text.as_bytes()).map_err(|error| Error::write(&path, error))?;
                Some(path)
            }
        };
        if let Some(path) = path {
            messages.note(&format!("{}: {} metrics", path.display(), file.metrics));
        }
    }
    let left_out = chosen.len() - exported.iter().map(|file| file.metrics).sum::<usize>();
    if left_out > 0 {
        messages.note(&format!("{left_out} metrics were left out: this format only has times"));
    }
    Ok(())
}
