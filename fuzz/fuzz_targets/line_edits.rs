//! Edits at random of a file that has its meaning in lines.

use crate::text_edits::edit_text;

/// One edit of a file; `None` where the bytes are no text.
pub(crate) fn edited(bytes: &[u8], seed: u32) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut random = fastrand::Rng::with_seed(seed.into());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    let (line, other) = (random.usize(..count), random.usize(..count));
    if lines.is_empty() {
        lines.push(String::new());
    }
    match random.u8(..8) {
        0 => drop(lines.remove(line)),
        1 => lines.swap(line, other),
        2 => lines.insert(line, lines[other].clone()),
        3 => lines[line] = mixed(&lines[line], &lines[other]),
        _ => edit_text(&mut lines[line], &mut random),
    }
    Some(lines.join("\n").into_bytes())
}

/// The key of one line with the value of another.
fn mixed(line: &str, other: &str) -> String {
    let (key, _) = line.split_once('=').unwrap_or((line, ""));
    let (_, value) = other.split_once('=').unwrap_or(("", other));
    format!("{key}={value}")
}
