//! Circles among the files of a crate.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::modules::Tree;
use super::uses::Edges;
use crate::process::shown;

/// The circles, each with the lines that make it.
pub(super) fn describe(tree: &Tree, edges: &Edges) -> Vec<String> {
    let pairs: BTreeSet<_> = edges.keys().copied().collect();
    let describe = |circle: Vec<usize>| {
        let next = circle.iter().cycle().skip(1);
        let steps = circle.iter().zip(next).map(|(&from, &to)| {
            let (line, path) = &edges[&(from, to)];
            let (from, to) = (&tree.file(from).path, &tree.file(to).path);
            format!("{}:{line} uses {} ({path})", shown(from), shown(to))
        });
        steps.collect::<Vec<_>>().join("\n    ")
    };
    find(&pairs).into_iter().map(describe).collect()
}

/// For each edge that is part of a circle, its shortest circle. Each circle is listed once, starting with its
/// smallest member.
fn find(edges: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let mut circles = BTreeSet::new();
    for &(from, to) in edges {
        if let Some(mut circle) = shortest(edges, to, from) {
            let smallest = (0..circle.len()).min_by_key(|&index| circle[index]);
            circle.rotate_left(smallest.unwrap_or(0));
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// The files on the shortest way from one to another, both of them included.
fn shortest(edges: &BTreeSet<(usize, usize)>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut came_from = BTreeMap::from([(from, from)]);
    let mut waiting = VecDeque::from([from]);
    while let Some(file) = waiting.pop_front() {
        if file == to {
            let mut way = vec![to];
            while way.last() != Some(&from) {
                way.push(came_from[way.last()?]);
            }
            way.reverse();
            // The edge that closes the circle leads from its last to its first.
            return Some(way);
        }
        for &(_, next) in edges.range((file, 0)..=(file, usize::MAX)) {
            if let Entry::Vacant(entry) = came_from.entry(next) {
                entry.insert(file);
                waiting.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_and_a_longer_circle_are_found_once_each() {
        let edges = BTreeSet::from([(0, 1), (1, 0), (1, 2), (2, 3), (3, 1), (3, 4)]);
        assert_eq!(find(&edges), [vec![0, 1], vec![1, 2, 3]]);
    }

    #[test]
    fn two_ways_to_one_place_are_no_circle() {
        assert!(find(&BTreeSet::from([(0, 1), (0, 2), (1, 3), (2, 3)])).is_empty());
    }
}
