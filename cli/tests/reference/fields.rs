//! The page of all fields of the files that commands write, from the JSON schemas that the tests hold them to.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use super::{cell, root};

const SCHEMAS: [(&str, &str); 5] = [
    ("Results", "schema.json"),
    ("Comparisons", "comparison.schema.json"),
    ("Histories", "history.schema.json"),
    ("Diagnoses", "doctor.schema.json"),
    ("Looks at servers", "connect.schema.json"),
];

const INTRODUCTION: &str = "\
# Fields

The documents that commands write as JSON, field by field. The schemas in the repository's folder `results/` say the same for \
programs. A field is always there unless it is marked as optional; what is unknown is null.
";

pub(super) fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (title, file) in SCHEMAS {
        let path = root().join("results").join(file);
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let schema: Value = serde_json::from_str(&source).expect("JSON");
        let _ = writeln!(text, "\n## {title}\n\n`results/{file}`: {}\n", cell(described(&schema, file)));
        table(&mut text, &schema, &Names { file, schema: &schema });
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            if definition["properties"].is_object() {
                let heading = heading(file, name);
                let _ = writeln!(text, "\n### {heading}\n");
                table(&mut text, definition, &Names { file, schema: &schema });
            }
        }
    }
    text
}

/// Where references of a schema lead to.
struct Names<'a> {
    file: &'a str,
    schema: &'a Value,
}

/// The heading of a definition. Those of the results have the plain names; the others say whose they are.
fn heading(file: &str, name: &str) -> String {
    let document = file.split('.').next().unwrap_or_default();
    let name = capitalized(name);
    if document == "schema" { name } else { format!("{name} of a {document}") }
}

fn capitalized(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

fn table(text: &mut String, object: &Value, names: &Names) {
    text.push_str("| field | type | what it is |\n|---|---|---|\n");
    rows(text, object, "", names);
}

/// A row for each field; those of an object within follow with the names of both.
fn rows(text: &mut String, object: &Value, prefix: &str, names: &Names) {
    let is_required =
        |name: &str| object["required"].as_array().is_some_and(|all| all.iter().any(|required| required == name));
    for (name, field) in object["properties"].as_object().expect("properties") {
        let optional = if is_required(name) { "" } else { "; optional" };
        let what =
            description(field, names).unwrap_or_else(|| panic!("{}: {prefix}{name} has no description", names.file));
        let _ = writeln!(text, "| `{prefix}{name}` | {}{optional} | {} |", kind(field, names), cell(what));
        if field["properties"].is_object() {
            rows(text, field, &format!("{prefix}{name}."), names);
        }
    }
}

fn described<'a>(value: &'a Value, name: &str) -> &'a str {
    value["description"].as_str().unwrap_or_else(|| panic!("{name} has no description"))
}

/// Its own description, or that of what it refers to.
fn description<'a>(field: &'a Value, names: &Names<'a>) -> Option<&'a str> {
    field["description"].as_str().or_else(|| referred(field, names)?.1["description"].as_str())
}

fn referred<'a>(field: &Value, names: &Names<'a>) -> Option<(String, &'a Value)> {
    let name = field["$ref"].as_str()?.strip_prefix("#/$defs/")?;
    Some((name.to_owned(), &names.schema["$defs"][name]))
}

/// The type in words; a definition with fields of its own as a link to them.
fn kind(field: &Value, names: &Names) -> String {
    if let Some((name, definition)) = referred(field, names) {
        if !definition["properties"].is_object() {
            return kind(definition, names);
        }
        let heading = heading(names.file, &name);
        return format!("[{}](#{})", name, heading.to_lowercase().replace(' ', "-"));
    }
    if let Some(value) = field["const"].as_str() {
        return format!("`{value}`");
    }
    let values = |key: &str| field[key].as_array().into_iter().flatten();
    let words: Vec<String> = values("enum").map(|value| format!("`{}`", value.as_str().unwrap_or("null"))).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    let choices: Vec<String> = values("anyOf").map(|choice| kind(choice, names)).collect();
    if !choices.is_empty() {
        return choices.join(" or ");
    }
    let types = field["type"].as_str().map(|one| vec![one]);
    let types = types.unwrap_or_else(|| values("type").filter_map(Value::as_str).collect());
    let types = types.into_iter().map(|name| match name {
        "array" => format!("array of {}", kind(&field["items"], names)),
        "object" if field["additionalProperties"].is_object() => {
            format!("object of {}", kind(&field["additionalProperties"], names))
        }
        other => other.to_owned(),
    });
    types.collect::<Vec<_>>().join(" or ")
}
