use comfy_table::Table;

/// The width of tables where standard output is no terminal.
const WIDTH: usize = 100;

/// How results are laid out for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Whether text may be styled.
    pub color: bool,
    /// The columns of the terminal; `None` where there is none, and a line may be as long as it is.
    pub terminal: Option<usize>,
    /// Whether everything is shown that is known.
    pub is_verbose: bool,
}

impl View {
    /// Plain text for a file or a pipe.
    pub const fn plain() -> Self {
        Self { color: false, terminal: None, is_verbose: false }
    }

    /// Plain text for a terminal of so many columns.
    pub const fn columns(count: usize) -> Self {
        Self { terminal: Some(count), ..Self::plain() }
    }

    /// The width of the terminal that standard output is, where it is one.
    pub fn terminal_width() -> Option<usize> {
        Table::new().width().map(usize::from)
    }

    /// Whether lines of so many columns are shown whole. A file or a pipe takes any.
    pub fn fits(&self, width: usize) -> bool {
        self.is_verbose || self.terminal.is_none_or(|columns| width <= columns)
    }

    /// How wide a table of chosen columns may be.
    pub fn width(&self) -> usize {
        self.terminal.unwrap_or(WIDTH)
    }

    /// Paragraphs of `text`, broken between words where they are too long; with a terminal only.
    pub fn wrapped(&self, text: &str) -> String {
        let Some(width) = self.terminal else { return text.to_owned() };
        text.split('\n').map(|line| wrap(line, width)).collect::<Vec<_>>().join("\n")
    }
}

/// A line that is too long, broken between words. A word that is longer than a line stays whole: it may be a name to copy.
fn wrap(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut text = String::new();
    let mut used = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if used > 0 {
            let fits = used + 1 + length <= width;
            text.push(if fits { ' ' } else { '\n' });
            used = if fits { used + 1 } else { 0 };
        }
        text.push_str(word);
        used += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_at_a_terminal_only() {
        let text = "one two three\nfour";
        assert_eq!(View::columns(8).wrapped(text), "one two\nthree\nfour");
        assert_eq!(View::columns(3).wrapped("a long-word b"), "a\nlong-word\nb");
        assert_eq!(View::plain().wrapped(text), text);
    }
}
