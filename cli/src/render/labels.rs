//! Names that are short enough for a table, and such as a person would say.

use crate::units::Bytes;

/// What the cases of a table have in common, and what sets each apart.
pub(super) struct Labels {
    /// Such as "loopback, 2 threads, send".
    pub(super) common: String,
    /// One for each case, such as "aes128gcm 16 KiB".
    pub(super) own: Vec<String>,
}

/// Parts of ids that say how data travels.
const WAYS: [&str; 6] = ["memory", "loopback-1", "loopback-2", "remote", "send", "receive"];

/// The labels of cases of one command: the parts of their ids, each where it differs.
pub(super) fn labels<'a>(ids: impl IntoIterator<Item = &'a str>) -> Labels {
    let ids: Vec<Vec<&str>> = ids.into_iter().map(|id| id.split('/').skip(1).collect()).collect();
    let first = ids.first().map_or(&[][..], Vec::as_slice);
    let is_alike = |place: usize| ids.iter().all(|id| id.get(place) == first.get(place));
    let has_one_form = ids.iter().all(|id| id.len() == first.len());
    let is_common: Vec<bool> = match (ids.len(), has_one_form) {
        (_, false) => Vec::new(),
        // A case alone is named after its cipher, not after the way that the data takes.
        (1, _) => first.iter().map(|part| WAYS.contains(part)).collect(),
        _ => (0..first.len()).map(is_alike).collect(),
    };
    let common = |place: usize| is_common.get(place).copied().unwrap_or(false);
    let part = |id: &[&str], place: usize| match place.checked_sub(1).map(|before| id[before]) {
        // What follows a cipher is the size of writes; elsewhere a number may be a label.
        Some(before) if cipher(before) != before => size(id[place]),
        _ => readable(id[place]),
    };
    let chosen = |id: &[&str], wanted: bool| -> Vec<String> {
        (0..id.len()).filter(|place| common(*place) == wanted).map(|place| part(id, place)).collect()
    };
    let join = |parts: Vec<String>, between: &str| parts.join(between);
    Labels { common: join(chosen(first, true), ", "), own: ids.iter().map(|id| join(chosen(id, false), " ")).collect() }
}

/// A part of an id as a person would say it.
pub(super) fn readable(part: &str) -> String {
    match part {
        "memory" => "in memory".to_owned(),
        "loopback-1" => "one-thread loopback".to_owned(),
        "loopback-2" => "loopback".to_owned(),
        "send" | "receive" => part.to_owned(),
        _ => cipher(part),
    }
}

fn size(part: &str) -> String {
    part.parse().map_or_else(|_| readable(part), |bytes| Bytes(bytes).to_string())
}

/// The parts of an id that say how data travels.
pub(super) fn way(id: &str) -> String {
    id.split('/').filter(|part| WAYS.contains(part)).collect::<Vec<_>>().join("/")
}

/// A cipher's name as RFCs write it; any other name as it is.
fn cipher(name: &str) -> String {
    match name {
        "aes128gcm" => "AES-128-GCM",
        "aes256gcm" => "AES-256-GCM",
        "chacha20poly1305" => "ChaCha20-Poly1305",
        "aegis128l" => "AEGIS-128L",
        "aegis256" => "AEGIS-256",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &[&str]) -> (String, Vec<String>) {
        let labels = labels(ids.iter().copied());
        (labels.common, labels.own)
    }

    #[test]
    fn a_label_has_what_differs() {
        let sizes = of(&["throughput/memory/send/aes128gcm/64", "throughput/memory/send/aes128gcm/16384"]);
        assert_eq!(sizes, ("in memory, send, AES-128-GCM".into(), vec!["64 B".into(), "16 KiB".into()]));
        let alone = of(&["throughput/loopback-2/send/aes128gcm/16384"]);
        assert_eq!(alone, ("loopback, send".into(), vec!["AES-128-GCM 16 KiB".into()]));
        assert_eq!(of(&["handshake/memory/aes128gcm"]), ("in memory".into(), vec!["AES-128-GCM".into()]));
        let labelled = of(&["throughput/memory/send/aes128gcm/16384/500"]);
        assert_eq!(labelled.1, ["AES-128-GCM 16 KiB 500"], "a label is no size");
        let forms = of(&["throughput/a/b", "throughput/a/b/c"]);
        assert_eq!(forms, (String::new(), vec!["a b".into(), "a b c".into()]));
    }
}
