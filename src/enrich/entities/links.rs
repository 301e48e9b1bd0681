//! Which forms of names are one thing: disjoint sets, as Tarjan's union-find with path halving has them. The
//! earlier form
//! stands for the set, so that the result is a function of the article.

/// Sets of numbers from 0.
#[derive(Debug, Clone)]
pub(super) struct Links {
    parents: Vec<usize>,
}

impl Links {
    pub(super) fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
        }
    }

    /// The least member of the set of `at`.
    pub(super) fn root(&mut self, mut at: usize) -> usize {
        while let Some(&parent) = self.parents.get(at).filter(|parent| **parent != at) {
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(own) = self.parents.get_mut(at) {
                *own = above;
            }
            at = parent;
        }
        at
    }

    pub(super) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(parent) = self.parents.get_mut(a.max(b)) {
            *parent = a.min(b);
        }
    }

    /// The one set that all of `members` belong to, if there is just one.
    pub(super) fn only(&mut self, members: &[usize]) -> Option<usize> {
        let (first, rest) = members.split_first()?;
        let root = self.root(*first);
        rest.iter()
            .all(|member| self.root(*member) == root)
            .then_some(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_join_and_the_least_member_stands_for_them() {
        let mut links = Links::new(6);
        links.join(5, 3);
        links.join(3, 1);
        links.join(4, 0);
        let roots: Vec<_> = (0..6).map(|at| links.root(at)).collect();
        assert_eq!(roots, [0, 1, 2, 1, 0, 1]);
        assert_eq!(
            (links.only(&[1, 5, 3]), links.only(&[1, 2]), links.only(&[])),
            (Some(1), None, None)
        );
    }
}
