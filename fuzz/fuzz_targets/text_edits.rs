//! Edits of text at random that leave it text.

const LETTERS: [char; 16] =
    ['a', '0', '.', '/', '-', '"', '\\', '<', '=', '[', '\n', '#', '\u{1b}', 'ä', '\u{2028}', '🦀'];

/// Puts what came of an edit where libFuzzer wants it, and tells its length. `None` where there is nothing or no room.
pub(crate) fn put(edited: Option<Vec<u8>>, room: &mut [u8], length_max: usize) -> Option<usize> {
    let edited = edited.filter(|edited| edited.len() <= length_max)?;
    room[..edited.len()].copy_from_slice(&edited);
    Some(edited.len())
}

/// Changes a text in one place.
pub(crate) fn edit_text(text: &mut String, random: &mut fastrand::Rng) {
    let places: Vec<usize> = text.char_indices().map(|(index, _)| index).chain([text.len()]).collect();
    let at = places[random.usize(..places.len())];
    match random.u8(..8) {
        0 => text.truncate(at),
        1 => text.insert_str(at, &text.clone()),
        2 if at < text.len() => drop(text.remove(at)),
        _ => text.insert(at, LETTERS[random.usize(..LETTERS.len())]),
    }
}
