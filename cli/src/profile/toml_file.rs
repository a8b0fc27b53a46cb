use core::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::error::Error;
use crate::names;

/// The text of a file, for errors that tell the line.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    /// Where it is from.
    pub(super) origin: &'a str,
    /// All of it.
    pub(super) text: &'a str,
}

/// A key with its value, and the line of the key.
pub(super) struct Item<'a> {
    /// The key.
    pub(super) key: &'a str,
    /// The value.
    pub(super) value: &'a DeValue<'a>,
    /// Where it stands.
    pub(super) line: usize,
}

impl<'a> Source<'a> {
    /// The file as a table.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>, Error> {
        DeTable::parse(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| self.line(&span));
            self.error(line, error.message())
        })
    }

    /// The line that a place is in.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.as_bytes().iter().take(span.start).filter(|byte| **byte == b'\n').count() + 1
    }

    /// An error in a line.
    pub(super) fn error(&self, line: usize, message: impl Into<String>) -> Error {
        Error::Profile { origin: self.origin.to_owned(), line, message: message.into(), hint: None }
    }

    /// A name in a line that is none of `known`.
    pub(super) fn unknown<'n>(
        &self,
        line: usize,
        what: &str,
        typed: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> Error {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = names::nearest(typed, known.iter().copied()).map(|name| format!("did you mean '{name}'?"));
        let message = format!("unknown {what} '{typed}'; expected one of: {}", known.join(", "));
        Error::Profile { origin: self.origin.to_owned(), line, message, hint }
    }

    /// The keys of a table, as they stand in the file.
    pub(super) fn items(&self, table: &'a DeTable<'a>) -> Vec<Item<'a>> {
        let item = |(key, value): (&'a Spanned<_>, &'a Spanned<DeValue<'a>>)| {
            let key_text: &'a std::borrow::Cow<'a, str> = key.get_ref();
            Item { key: key_text, value: value.get_ref(), line: self.line(&key.span()) }
        };
        let mut items: Vec<_> = table.iter().map(item).collect();
        items.sort_by_key(|item| item.line);
        items
    }

    /// The tables of `[[name]]`, each with its line.
    pub(super) fn tables(&self, item: &Item<'a>) -> Result<Vec<(usize, &'a DeTable<'a>)>, Error> {
        let wrong = |line| self.error(line, format!("'{0}' is a list of tables: write [[{0}]]", item.key));
        let list: &DeArray = item.value.as_array().ok_or_else(|| wrong(item.line))?;
        let table = |entry: &'a Spanned<DeValue<'a>>| {
            let line = self.line(&entry.span());
            entry.get_ref().as_table().map(|table| (line, table)).ok_or_else(|| wrong(line))
        };
        list.iter().map(table).collect()
    }

    /// A text.
    pub(super) fn text_of(&self, item: &Item<'a>) -> Result<&'a str, Error> {
        item.value.as_str().ok_or_else(|| self.wrong_type(item, "a string in quotes"))
    }

    /// What has another type than it should.
    pub(super) fn wrong_type(&self, item: &Item, expected: &str) -> Error {
        self.error(item.line, format!("'{}' takes {expected}, not {}", item.key, item.value.type_str()))
    }
}
