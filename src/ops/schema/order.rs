//! An order in which everything stands after what it needs.

use std::collections::{BTreeMap, BTreeSet};

use super::object::Key;

/// Sorts by need, and by sort and name where nothing else decides. A circle is broken at its first member.
pub(super) fn sorted(mut needs: BTreeMap<Key, BTreeSet<Key>>) -> Vec<Key> {
    let known: BTreeSet<Key> = needs.keys().cloned().collect();
    let mut needed_by: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    for (key, needed) in &mut needs {
        needed.retain(|other| other != key && known.contains(other));
        for other in needed.iter() {
            needed_by
                .entry(other.clone())
                .or_default()
                .push(key.clone());
        }
    }
    let is_ready = |(_, needed): &(&Key, &BTreeSet<Key>)| needed.is_empty();
    let mut ready: BTreeSet<Key> = needs
        .iter()
        .filter(is_ready)
        .map(|(key, _)| key.clone())
        .collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first().or_else(|| needs.keys().next().cloned()) {
        needs.remove(&next);
        for other in needed_by.remove(&next).unwrap_or_default() {
            if let Some(needed) = needs.get_mut(&other) {
                needed.remove(&next);
                if needed.is_empty() {
                    ready.insert(other);
                }
            }
        }
        order.push(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::super::object::Kind;
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_a_circle_ends() {
        let key = |name: &str| Key::new(Kind::Table, name);
        let needs = |names: &[&str]| names.iter().map(|name| key(name)).collect();
        let sorted = sorted(BTreeMap::from([
            (key("a"), needs(&["c"])),
            (key("b"), needs(&["b"])),
            (key("c"), needs(&["d", "unknown"])),
            (key("d"), needs(&["c"])),
        ]));

        let names: Vec<&str> = sorted.iter().map(|key| key.id.as_str()).collect();
        assert_eq!(names, ["b", "a", "c", "d"]);
    }
}
