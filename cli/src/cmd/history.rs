//! `tlsbench history`: several runs of the same cases, and where they changed.

use crate::error::Error;
use crate::plan::History;
use crate::render::Messages;
use crate::schema::{Tool, Warning, history};
use crate::series::series;

/// Looks at the plan's files, and writes what there is to where it goes.
pub fn run(plan: &History, messages: Messages) -> Result<(), Error> {
    messages.doubles(&plan.doubles);
    for source in &plan.sources {
        for Warning { message, advice } in source.document.not_measurable() {
            messages.warning(&Warning { message: format!("{}: {message}", source.name), advice });
        }
    }
    let found = history::History {
        schema: history::SCHEMA.to_owned(),
        tool: Tool::current(),
        confidence_level: 1.0 - plan.significance.level,
        noise_threshold: plan.significance.threshold,
        series: series(&plan.sources, &plan.wanted, &plan.significance),
    };
    plan.output.finish(&found)
}
