//! `tlsbench export`: results in the forms of other tools.

use crate::error::Error;
use crate::plan::{Destination, Export};
use crate::render::{Messages, Place, write};
use crate::schema::Warning;

/// Writes the plan's results to where they go.
pub fn run(plan: &Export, messages: Messages) -> Result<(), Error> {
    if plan.document.partial {
        messages.warning(&Warning {
            message: "the run was interrupted, so cases may be missing".to_owned(),
            advice: "export a complete one to where numbers are kept".to_owned(),
        });
    }
    let chosen = plan.wanted.choose(&plan.document)?;
    let files = plan.form.export(&plan.document, &chosen)?;
    for file in &files {
        let place = match &plan.to {
            Destination::Text(place) => place.clone(),
            Destination::Folder(folder) => {
                std::fs::create_dir_all(folder).map_err(|error| Error::write(folder, error))?;
                Place::File(folder.join(file.name))
            }
        };
        write(&place, &file.text)?;
        if let Place::File(path) = &place {
            messages.note(&format!("{}: {} metrics", path.display(), file.metrics));
        }
    }
    let left_out = chosen.len() - files.iter().map(|file| file.metrics).sum::<usize>();
    if left_out > 0 {
        messages.note(&format!("{left_out} metrics are no times, for which there is no place in this form"));
    }
    Ok(())
}
