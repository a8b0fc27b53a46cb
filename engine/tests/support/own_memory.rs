//! Looks for bytes in the memory of this very process, and of one that it has started.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// How often `needle` occurs in what this process can write to, its stacks left out: what functions leave on a stack is
/// overwritten by the next ones, and a needle that is looked for has to be somewhere.
///
/// The caller must be the one thread beside that of `main`, and keep `needle` on its stack.
pub fn occurrences(needle: &[u8]) -> usize {
    // On the stack too, for the same reason.
    let mut window = [0; 1 << 16];
    let stack = window.as_ptr() as usize;
    assert!(needle.len() >= 16 && needle.len() < window.len(), "short needles occur by chance");
    let memory = File::open("/proc/self/mem").expect("Linux");
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux");
    let ranges = maps.lines().filter_map(writable_range).filter(|(start, end)| !(*start..*end).contains(&stack));
    count(&memory, ranges, needle, &mut window)
}

/// How often `needle` occurs in what the process `id` can write to, its stacks included: it is looked at from outside.
pub fn occurrences_in(id: u32, needle: &[u8]) -> usize {
    let memory = File::open(format!("/proc/{id}/mem")).expect("Linux, and a process that was started here");
    let maps = fs::read_to_string(format!("/proc/{id}/maps")).expect("Linux");
    let range = |line| writable_range(line).or_else(|| range(line).filter(|_| line.ends_with("[stack]")));
    count(&memory, maps.lines().filter_map(range), needle, &mut [0; 1 << 16])
}

fn count(memory: &File, ranges: impl Iterator<Item = (usize, usize)>, needle: &[u8], window: &mut [u8]) -> usize {
    let mut count = 0;
    for (start, end) in ranges {
        let mut at = start;
        while at + needle.len() <= end {
            let len = window.len().min(end - at);
            memory.read_exact_at(&mut window[..len], at as u64).expect("memory that is there");
            count += count_in(&window[..len], needle);
            // What lies across the border is seen in the next window.
            at += if at + len == end { len } else { len - needle.len() + 1 };
        }
    }
    count
}

fn count_in(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}

/// The addresses of a line of `maps` that stands for writable memory other than the stack of `main`.
fn writable_range(line: &str) -> Option<(usize, usize)> {
    range(line).filter(|_| line.contains(" rw") && !line.ends_with("[stack]"))
}

fn range(line: &str) -> Option<(usize, usize)> {
    let (start, end) = line.split_once(' ')?.0.split_once('-')?;
    let parse = |address| usize::from_str_radix(address, 16).expect("an address");
    Some((parse(start), parse(end)))
}
