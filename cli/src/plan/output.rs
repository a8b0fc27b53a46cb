use std::path::Path;

use crate::args;
use crate::error::Error;
use crate::names;
use crate::render::{Display, Format, Output, Place};

/// Works out where results go: `--json` alone is the form of what is printed, `--json=FILE` a file beside it. Without
/// these, the ending of `--output` decides the form.
pub(super) fn output(args: &args::Output, display: Display) -> Result<Output, Error> {
    let is_standard = |path: &Path| path == Path::new("-");
    let beside = args.json.clone().filter(|path| !is_standard(path));
    let json_is_form = args.json.is_some() && beside.is_none();
    let format = match (args.format, json_is_form) {
        (Some(format), true) if format != Format::Json => {
            return Err(Error::Usage(
                "--json and --format ask for different forms; to get both, write JSON to a file: --json=FILE".into(),
            ));
        }
        (_, true) => Format::Json,
        (Some(format), false) => format,
        (None, false) => args.output.as_deref().map_or(Ok(Format::Table), format_of_ending)?,
    };
    let to = args.output.clone().filter(|path| !is_standard(path)).map_or(Place::Standard, Place::File);
    Ok(Output { format, to, json: beside, baseline: None, display })
}

/// The form that a file's ending stands for; by default a table.
fn format_of_ending(path: &Path) -> Result<Format, Error> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    Ok(match ending.as_str() {
        "json" => Format::Json,
        "csv" => Format::Csv,
        "md" | "markdown" => Format::Markdown,
        "html" | "htm" => {
            let page = path.display();
            return Err(Error::Usage(format!(
                "a page is drawn from results: write them with --json=results.json, then run `tlsbench report results.json \
                 -o {page}`"
            )));
        }
        _ => Format::Table,
    })
}

/// The same with results that are saved as a baseline.
pub(super) fn kept(args: &args::Output, saving: &args::Saving, display: Display) -> Result<Output, Error> {
    Ok(Output { baseline: saving.save_baseline.as_deref().map(names::baseline_path), ..output(args, display)? })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::render::Color;

    fn plan(format: Option<Format>, json: Option<&str>, file: Option<&str>) -> Result<Output, Error> {
        let args = args::Output { format, json: json.map(PathBuf::from), output: file.map(PathBuf::from) };
        output(&args, Display { color: Color::Never, is_verbose: false })
    }

    #[test]
    fn json_alone_is_a_form_and_with_a_file_is_beside() {
        let alone = plan(None, Some("-"), None).expect("a plan");
        assert_eq!((alone.format, alone.to, alone.json), (Format::Json, Place::Standard, None));
        let beside = plan(None, Some("results.json"), None).expect("a plan");
        assert_eq!(
            (beside.format, beside.to, beside.json),
            (Format::Table, Place::Standard, Some("results.json".into()))
        );
        let file = plan(Some(Format::Csv), None, Some("results.csv")).expect("a plan");
        assert_eq!((file.format, file.to), (Format::Csv, Place::File("results.csv".into())));
    }

    #[test]
    fn the_ending_of_the_output_is_its_form_unless_something_else_says_it() {
        let format = |format, json, file| plan(format, json, Some(file)).expect("a plan").format;
        for (file, expected) in [
            ("run.json", Format::Json),
            ("a.b/run.CSV", Format::Csv),
            ("run.md", Format::Markdown),
            ("run.txt", Format::Table),
            ("json", Format::Table),
            ("-", Format::Table),
        ] {
            assert_eq!(format(None, None, file), expected, "{file}");
            assert_eq!(format(None, Some("beside.json"), file), expected, "{file}");
            assert_eq!(format(Some(Format::Csv), None, file), Format::Csv, "{file}");
            assert_eq!(format(None, Some("-"), file), Format::Json, "{file}");
        }
        let refused = plan(None, None, Some("run.html"));
        assert!(matches!(&refused, Err(Error::Usage(text)) if text.contains("report results.json -o run.html")));
        assert_eq!(format(Some(Format::Table), None, "run.html"), Format::Table);
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(matches!(plan(Some(Format::Csv), Some("-"), None), Err(Error::Usage(_))));
    }
}
