//! Results as one HTML page: no script, nothing from elsewhere, every drawing made here.

mod ablation;
mod crypto;
mod effects;
mod facts;
mod figure;
mod lines;
mod marks;
mod others;
mod page;
mod rows;
mod scale;
mod throughput;

pub use page::page;

use crate::schema::Document;

/// A file of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The file's name, to be shown.
    pub name: String,
    /// What is in it.
    pub document: Document,
}

/// A heading from a word of the list of quantities.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Each value once, in the order of its first.
fn in_order<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut once = Vec::new();
    for value in values {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}
