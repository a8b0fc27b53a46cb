use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Each value once, in the order of its first.
pub(super) fn in_order<T: Hash + Eq + Clone>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut known = HashSet::new();
    values.filter(|value| known.insert(value.clone())).collect()
}

/// Each name once, in the order of its first, with all of its values.
pub(super) fn grouped<K: Hash + Eq + Clone, V>(named: impl Iterator<Item = (K, V)>) -> Vec<(K, Vec<V>)> {
    let mut groups: Vec<(K, Vec<V>)> = Vec::new();
    let mut places = HashMap::new();
    for (name, value) in named {
        let place = *places.entry(name.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((name, Vec::new()));
        }
        groups[place].1.push(value);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_come_in_the_order_of_their_first() {
        let named = [("b", 1), ("a", 2), ("b", 3), ("c", 4)];
        assert_eq!(grouped(named.into_iter()), [("b", vec![1, 3]), ("a", vec![2]), ("c", vec![4])]);
        assert_eq!(in_order(named.into_iter().map(|(name, _)| name)), ["b", "a", "c"]);
    }
}
