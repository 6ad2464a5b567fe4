//! The trie over the actions that a wildcard matches: safe and unsafe prefixes, and the patterns they give.
//!
//! Nodes are camel-case tokens, but a pattern matches strings: a node is safe only if no unused action *starts with*
//! its text, below it or not (`DescribeInstance` is not safe while `DescribeInstances` is unused).

use crate::audit::{Granted, WholeService};
use crate::policy::wildcard::Wildcard;

/// The trie of one wildcard. Node 0 is the root, the empty prefix.
#[derive(Debug)]
pub struct Trie<'a> {
    pattern: &'a Wildcard,
    nodes: Vec<TrieNode<'a>>,
    names: &'a [Granted<'a>],
}

/// A prefix shared by some of the actions.
#[derive(Debug)]
pub struct TrieNode<'a> {
    /// The prefix, spelled as in the first kept action below, else in the first action.
    pub text: &'a str,
    /// The nodes below, in order of their lower-case tokens.
    pub children: Vec<usize>,
    /// The action that ends here: an index into the names.
    pub action: Option<usize>,
    /// Whether no unused action of the pattern starts with the prefix, also none that the catalogue does not have.
    pub safe: bool,
}

/// A pattern over names, and the node that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emission {
    /// The node.
    pub node: usize,
    /// The node that keeps it from being shorter: its parent, or the node itself where that is unsafe.
    pub unsafe_prefix: usize,
    /// The pattern.
    pub name: String,
}

impl<'a> Trie<'a> {
    /// Builds the trie of `names`, which `pattern` matches and which are in order of their lower-case form.
    ///
    /// Where the whole service is unused every name is, catalogued or not: then a prefix is safe only if all that
    /// starts with it and belongs to the pattern is kept on purpose.
    #[must_use]
    pub fn new(pattern: &'a Wildcard, names: &'a [Granted<'a>], whole: Option<&WholeService>) -> Self {
        let mut growing = Growing::default();
        let root = growing.node("", "");
        for (index, granted) in names.iter().enumerate() {
            growing.insert(root, index, granted);
        }
        let unused: Vec<&str> = names.iter().filter(|name| name.unused).map(|name| &*name.lower).collect();
        let spares =
            |text: &str| whole.is_none_or(|whole| continued(pattern, text).all(|continued| whole.spares(&continued)));
        let nodes = growing.nodes.into_iter().map(|node| TrieNode {
            text: node.text,
            children: node.children.into_iter().map(|(_, child)| child).collect(),
            action: node.action,
            safe: !any_starts_with(&unused, node.lower) && spares(node.text),
        });
        Self { pattern, nodes: nodes.collect(), names }
    }

    /// The node at an index; the root is 0.
    #[must_use]
    pub fn node(&self, index: usize) -> Option<&TrieNode<'a>> {
        self.nodes.get(index)
    }

    /// The actions it was built of.
    #[must_use]
    pub fn names(&self) -> &'a [Granted<'a>] {
        self.names
    }

    /// The node to draw for one: unsafe prefixes that lead to one longer unsafe prefix alone are passed over.
    #[must_use]
    pub fn settled(&self, index: usize) -> usize {
        let mut at = index;
        while let Some(TrieNode { children, action: None, safe: false, .. }) = self.node(at)
            && let [only] = children.as_slice()
            && self.node(*only).is_some_and(|child| !child.safe)
        {
            at = *only;
        }
        at
    }

    /// The actions at a node and below it, in order of their lower-case names.
    #[must_use]
    pub fn below(&self, index: usize) -> Vec<&'a Granted<'a>> {
        let (mut actions, mut todo) = (Vec::new(), vec![index]);
        while let Some(node) = todo.pop().and_then(|index| self.node(index)) {
            actions.extend(node.action.and_then(|index| self.names.get(index)));
            todo.extend(&node.children);
        }
        actions.sort_by(|a, b| a.lower.cmp(&b.lower));
        actions
    }

    /// The shortest safe prefixes as patterns inside the pattern, sorted by (lower case, bytes).
    #[must_use]
    pub fn shortest_safe(&self) -> Vec<String> {
        let mut emitted: Vec<String> = self.emissions().into_iter().map(|emission| emission.name).collect();
        emitted.sort_by(|a, b| lower(a).cmp(lower(b)).then_with(|| a.cmp(b)));
        emitted
    }

    /// What each node gives, in no particular order.
    #[must_use]
    pub fn emissions(&self) -> Vec<Emission> {
        let mut emissions = Vec::new();
        let roots = self.nodes.first().map_or(&[][..], |root| &root.children);
        let mut todo: Vec<(usize, usize)> = roots.iter().map(|&child| (0, child)).collect();
        while let Some((parent, index)) = todo.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            if node.safe {
                let names = self.emit(node);
                emissions.extend(names.map(|name| Emission { node: index, unsafe_prefix: parent, name }));
                continue;
            }
            if let Some(name) = node.action.and_then(|index| self.names.get(index)).filter(|name| !name.unused) {
                emissions.push(Emission { node: index, unsafe_prefix: index, name: name.spelled.to_string() });
            }
            todo.extend(node.children.iter().map(|&child| (index, child)));
        }
        emissions
    }

    /// What a safe node gives: per residual of the pattern nothing, the one action it leaves, or a wildcard.
    fn emit(&self, node: &TrieNode<'_>) -> impl Iterator<Item = String> {
        let kept = self.kept_below(node);
        continued(self.pattern, node.text).filter_map(move |candidate| {
            let mut matched = kept.iter().filter(|name| candidate.matches(&name.lower));
            match (matched.next(), matched.next()) {
                (None, _) => None,
                (Some(only), None) => Some(only.spelled.to_string()),
                (Some(_), Some(_)) => Some(candidate.as_str().to_owned()),
            }
        })
    }

    fn kept_below(&self, node: &TrieNode<'_>) -> Vec<&'a Granted<'a>> {
        let (mut kept, mut todo) = (Vec::new(), Vec::new());
        let mut next = Some(node);
        while let Some(node) = next {
            kept.extend(node.action.and_then(|index| self.names.get(index)).filter(|name| !name.unused));
            todo.extend(&node.children);
            next = todo.pop().and_then(|index: usize| self.nodes.get(index));
        }
        kept
    }
}

fn lower(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// The parts of a pattern that start with `text`.
fn continued(pattern: &Wildcard, text: &str) -> impl Iterator<Item = Wildcard> {
    let residuals = pattern.residuals_after(text).into_iter();
    residuals.map(move |residual| Wildcard::new([text, residual.as_str()].concat()))
}

/// Whether an element of the sorted list starts with `prefix`.
fn any_starts_with(sorted: &[&str], prefix: &str) -> bool {
    let at = sorted.partition_point(|name| *name < prefix);
    sorted.get(at).is_some_and(|name| name.starts_with(prefix))
}

#[derive(Debug, Default)]
struct Growing<'a> {
    nodes: Vec<GrowingNode<'a>>,
}

#[derive(Debug)]
struct GrowingNode<'a> {
    text: &'a str,
    lower: &'a str,
    spelled_by_kept: bool,
    /// In order of their lower-case tokens.
    children: Vec<(&'a str, usize)>,
    action: Option<usize>,
}

impl<'a> Growing<'a> {
    fn node(&mut self, text: &'a str, lower: &'a str) -> usize {
        self.nodes.push(GrowingNode { text, lower, spelled_by_kept: false, children: Vec::new(), action: None });
        self.nodes.len() - 1
    }

    fn insert(&mut self, root: usize, index: usize, granted: &'a Granted<'_>) {
        let (mut at, mut end) = (root, 0);
        for token in tokens(&granted.spelled) {
            let start = end;
            end += token.len();
            let key = granted.lower.get(start..end).unwrap_or_default();
            let text = granted.spelled.get(..end).unwrap_or_default();
            let child = self.child(at, key, text, granted.lower.get(..end).unwrap_or_default());
            if let Some(node) = self.nodes.get_mut(child).filter(|node| !node.spelled_by_kept && !granted.unused) {
                node.text = text;
                node.spelled_by_kept = true;
            }
            at = child;
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.action = Some(index);
        }
    }

    fn child(&mut self, parent: usize, key: &'a str, text: &'a str, lower: &'a str) -> usize {
        let children = self.nodes.get(parent).map_or(&[][..], |node| &node.children);
        match children.binary_search_by(|(other, _)| (*other).cmp(key)) {
            Ok(found) => children.get(found).map_or(0, |(_, child)| *child),
            Err(place) => {
                let child = self.node(text, lower);
                if let Some(parent) = self.nodes.get_mut(parent) {
                    parent.children.insert(place, (key, child));
                }
                child
            }
        }
    }
}

/// The camel-case words of a name: `CORS`, `DB|Cluster`, `Web|ACLs`, `S3`, `Route53`, `upload|Files`.
pub fn tokens(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let (token, tail) = rest.split_at_checked(token_length(rest)).filter(|(token, _)| !token.is_empty())?;
        rest = tail;
        Some(token)
    })
}

/// How long the first word is, in bytes; 0 only for an empty text.
///
/// In this order: capitals with a plural `s` (`ACLs`), capitals up to the one that begins the next word (`DB` of
/// `DBCluster`), a capitalised word, a lower-case word, each with its digits; digits; any one character.
fn token_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run =
        |from: usize, of: fn(&u8) -> bool| bytes.get(from..).map_or(0, |b| b.iter().take_while(|b| of(b)).count());
    let is_lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
    let with_digits = |length: usize| length + run(length, u8::is_ascii_digit);
    let capitals = run(0, u8::is_ascii_uppercase);
    if capitals >= 2 && bytes.get(capitals) == Some(&b's') && !is_lower(capitals + 1) {
        return with_digits(capitals + 1);
    }
    if capitals >= 1 && !is_lower(capitals) {
        return with_digits(capitals);
    }
    match capitals {
        0 if is_lower(0) => with_digits(run(0, u8::is_ascii_lowercase)),
        0 if run(0, u8::is_ascii_digit) > 0 => run(0, u8::is_ascii_digit),
        0 => text.chars().next().map_or(0, char::len_utf8),
        1 => with_digits(1 + run(1, u8::is_ascii_lowercase)),
        _ => capitals - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_falls_into_its_words() {
        let cases = [
            ("GetBucketCORS", "Get|Bucket|CORS"),
            ("DescribeDBClusters", "Describe|DB|Clusters"),
            ("ListWebACLs", "List|Web|ACLs"),
            ("ListJournalS3Exports", "List|Journal|S3|Exports"),
            ("GetRoute53Zone", "Get|Route53|Zone"),
            ("uploadFiles", "upload|Files"),
            ("AssociateViaAWSService-EventsAndStates", "Associate|Via|AWS|Service|-|Events|And|States"),
            ("GET", "GET"),
            ("ReEncryptFrom", "Re|Encrypt|From"),
            ("IDsa", "I|Dsa"),
            ("ListIDs2x", "List|IDs2|x"),
            ("EC2Instance", "EC2|Instance"),
            ("2fa", "2|fa"),
            ("22fa", "22|fa"),
            ("Aé1", "A|é|1"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(tokens(name).collect::<Vec<_>>().join("|"), expected, "{name}");
        }
    }

    fn granted(actions: &[(&'static str, bool)]) -> Vec<Granted<'static>> {
        let granted = |&(spelled, unused): &(&'static str, bool)| Granted {
            lower: spelled.to_ascii_lowercase().into(),
            spelled: spelled.into(),
            unused,
            tracking: None,
            last_accessed: None,
        };
        actions.iter().map(granted).collect()
    }

    #[test]
    fn a_prefix_that_leads_to_one_longer_one_alone_is_not_drawn() {
        let pattern = Wildcard::new("*");
        let names =
            granted(&[("GetDBAll", true), ("GetDBNone", false), ("PutInstanceStatus", false), ("PutInstances", true)]);
        let trie = Trie::new(&pattern, &names, None);
        let index = |text: &str| (0..).map_while(|index| trie.node(index)).position(|node| node.text == text).unwrap();
        for (from, to) in
            [("Get", "GetDB"), ("GetDB", "GetDB"), ("PutInstance", "PutInstance"), ("GetDBAll", "GetDBAll")]
        {
            assert_eq!(trie.settled(index(from)), index(to), "{from}");
        }
    }

    #[test]
    fn a_prefix_is_spelled_as_in_the_first_action_that_is_kept() {
        let cases: [(&[(&str, bool)], &str); 3] = [
            (&[("GetDBAll", true), ("GetDbMost", false), ("GetDBNone", false)], "GetDb"),
            (&[("GetDBAll", false), ("GetDbMost", false), ("GetX", true)], "GetDB"),
            (&[("GetDBAll", true), ("GetDbMost", true)], "GetDB"),
        ];
        let pattern = Wildcard::new("*");
        for (actions, expected) in cases {
            let names = granted(actions);
            let trie = Trie::new(&pattern, &names, None);
            let texts: Vec<&str> = (0..).map_while(|index| trie.node(index)).map(|node| node.text).collect();
            assert!(texts.contains(&expected), "{texts:?}");
            assert_eq!(texts.iter().filter(|text| text.eq_ignore_ascii_case("getdb")).count(), 1, "{texts:?}");
        }
    }
}
