//! Results as one HTML page: no script, nothing from elsewhere, every drawing made here.

mod ablation;
mod crypto;
mod distributions;
mod effects;
mod facts;
mod figure;
mod history;
mod lines;
mod marks;
mod navigation;
mod others;
mod page;
mod peers;
mod rows;
mod run;
mod scale;
mod section;
mod setup;
mod summary;
mod throughput;
mod timeline;

pub use page::page;

/// A heading from a word of the list of quantities.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
