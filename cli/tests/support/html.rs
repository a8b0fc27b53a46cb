//! A page, taken apart into tags and text.

/// A piece of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A tag with its attributes; the name of a closing one begins with `/`.
    Tag(String, Vec<(String, String)>),
    /// Text, as a browser shows it.
    Text(String),
}

impl Piece {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        match self {
            Self::Tag(_, attributes) => {
                attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
            }
            Self::Text(_) => None,
        }
    }

    pub(crate) fn is_tag(&self, name: &str) -> bool {
        matches!(self, Self::Tag(own, _) if own == name)
    }
}

/// The pieces of `page`. Stricter than a browser: every value is quoted, and every `<` begins a tag.
pub(crate) fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = page;
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let end = end_of_tag(tag);
            let piece = self::tag(&tag[..end]);
            rest = &tag[end + 1..];
            // What is in a style is no text of the page, and has no tags.
            if piece.is_tag("style") {
                let end = rest.find("</style>").expect("the end of the style");
                rest = &rest[end..];
            }
            pieces.push(piece);
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            pieces.push(Piece::Text(unescape(&rest[..end])));
            rest = &rest[end..];
        }
    }
    pieces
}

/// The text between the tag at `start` and the one that closes it, in pieces.
pub(crate) fn inside(pieces: &[Piece], start: usize) -> &[Piece] {
    let Piece::Tag(name, _) = &pieces[start] else { panic!("{:?} is no tag", pieces[start]) };
    let (mut depth, closing) = (0, format!("/{name}"));
    for (index, piece) in pieces.iter().enumerate().skip(start) {
        depth += i32::from(piece.is_tag(name)) - i32::from(piece.is_tag(&closing));
        if depth == 0 {
            return &pieces[start + 1..index];
        }
    }
    panic!("<{name}> is never closed")
}

/// All text of these, one space between two pieces.
pub(crate) fn text(pieces: &[Piece]) -> String {
    let texts = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Piece::Tag(..) => None,
    });
    texts.collect::<Vec<_>>().join(" ")
}

fn end_of_tag(tag: &str) -> usize {
    let mut is_quoted = false;
    for (index, letter) in tag.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return index,
            _ => {}
        }
    }
    panic!("a tag without end: {}", &tag[..tag.len().min(80)])
}

fn tag(text: &str) -> Piece {
    let (name, mut rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let (name, after) = match rest.split_once("=\"") {
            // Not an attribute without value before one that has some.
            Some((name, after)) if !name.contains(' ') => (name, Some(after)),
            _ => (rest.split(' ').next().unwrap_or(rest), None),
        };
        let Some(after) = after else {
            attributes.push((name.to_owned(), String::new()));
            rest = rest[name.len()..].trim_start();
            continue;
        };
        let (value, after) = after.split_once('"').expect("the end of a value");
        attributes.push((name.to_owned(), unescape(value)));
        rest = after.trim_start();
    }
    Piece::Tag(name.to_owned(), attributes)
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
