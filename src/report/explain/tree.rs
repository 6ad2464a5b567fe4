//! The trie as a tree of lines: safe nodes green, unsafe ones orange, and both in words.

use super::{described, detail, line, names, unused_beginning_with};
use crate::audit::Granted;
use crate::refine::trie::{Emission, Trie, TrieNode};
use crate::report::inert;
use crate::report::style::{Ink, Style, Verbosity, count, wrap};

/// The widest column of names.
const NAME_COLUMN: usize = 44;

/// What is drawn, and how.
pub(super) struct Drawing<'a> {
    pub(super) trie: &'a Trie<'a>,
    pub(super) emissions: &'a [Emission],
    pub(super) service: &'a str,
    pub(super) pattern: &'a str,
    pub(super) style: &'a Style,
}

/// What has a place in the tree.
enum Item<'a> {
    Node(usize),
    Action(&'a Granted<'a>),
    /// Siblings below which nothing is kept.
    AllUnused(Vec<&'a Granted<'a>>),
}

/// A line of the tree.
struct Row {
    /// The rules before the name.
    rules: String,
    /// The rules before what continues it.
    under: String,
    name: String,
    ink: Ink,
    /// What is said of it.
    words: String,
    /// The actions it stands for, if they are not drawn.
    actions: String,
}

/// Draws the tree.
pub(super) fn draw(out: &mut String, drawing: &Drawing<'_>) {
    let rows = drawing.rows();
    let end = |row: &Row| row.rules.chars().count() + row.name.chars().count();
    let column = rows
        .iter()
        .filter(|row| !row.words.is_empty())
        .map(end)
        .filter(|end| *end <= NAME_COLUMN)
        .max()
        .unwrap_or_default();
    let style = drawing.style;
    for row in &rows {
        let name = style.paint(row.ink, &row.name);
        let padding = if row.words.is_empty() { 0 } else { (column + 2).saturating_sub(end(row)).max(2) };
        line(out, &format!("{}{name}{:padding$}{}", style.paint(Ink::Dim, &row.rules), "", row.words));
        let room = style.width.saturating_sub(row.under.chars().count() + 2);
        for wrapped in wrap(&row.actions, room).iter().filter(|text| !text.is_empty()) {
            let text = style.paint(Ink::Dim, &format!("{}  {wrapped}", row.under));
            line(out, &text);
        }
    }
}

impl<'a> Drawing<'a> {
    fn rows(&self) -> Vec<Row> {
        let mut rows = vec![self.plain_row(self.pattern, Ink::Bold, String::new())];
        let mut todo = self.stacked(self.items(0), "");
        while let Some((item, above, is_last)) = todo.pop() {
            let (turn, pass) = self.rules(is_last);
            let (rules, under) = (format!("{above}{turn}"), format!("{above}{pass}"));
            let children = match item {
                Item::Node(index) => self.items(index),
                Item::Action(_) | Item::AllUnused(_) => Vec::new(),
            };
            let below = if children.is_empty() { under.clone() } else { format!("{under}{}", self.rules(false).1) };
            rows.push(Row { rules, under: below, ..self.row(&item) });
            todo.extend(self.stacked(children, &under));
        }
        rows
    }

    /// Items as they are taken from a stack, each with the rules above it.
    fn stacked(&self, items: Vec<Item<'a>>, above: &str) -> Vec<(Item<'a>, String, bool)> {
        let last = items.len().saturating_sub(1);
        let numbered = items.into_iter().enumerate();
        let mut stacked: Vec<_> = numbered.map(|(index, item)| (item, above.to_owned(), index == last)).collect();
        stacked.reverse();
        stacked
    }

    /// The rule that leads to an item, and what passes it by below.
    fn rules(&self, is_last: bool) -> (&'static str, &'static str) {
        match (is_last, self.style.unicode) {
            (true, true) => ("└── ", "    "),
            (false, true) => ("├── ", "│   "),
            (true, false) => ("`-- ", "    "),
            (false, false) => ("|-- ", "|   "),
        }
    }

    /// What is drawn below a node.
    fn items(&self, index: usize) -> Vec<Item<'a>> {
        let Some(node) = self.trie.node(index) else { return Vec::new() };
        let is_verbose = self.style.verbosity == Verbosity::Verbose;
        let below = self.trie.below(index);
        if node.safe || below.iter().all(|action| action.unused) {
            let is_drawn = is_verbose && below.len() > 1;
            return if is_drawn { below.into_iter().map(Item::Action).collect() } else { Vec::new() };
        }
        let is_unused = |child: &usize| self.trie.below(*child).iter().all(|action| action.unused);
        let (unused, mixed): (Vec<usize>, Vec<usize>) = node.children.iter().copied().partition(is_unused);
        if is_verbose || unused.len() < 2 {
            return node.children.iter().map(|&child| Item::Node(self.trie.settled(child))).collect();
        }
        let unused = unused.iter().flat_map(|&child| self.trie.below(child)).collect();
        let drawn = mixed.into_iter().map(|child| Item::Node(self.trie.settled(child)));
        drawn.chain([Item::AllUnused(unused)]).collect()
    }

    fn row(&self, item: &Item<'a>) -> Row {
        match item {
            Item::Node(index) => self.node_row(*index),
            Item::Action(action) => {
                let (ink, words) = if action.unused { (Ink::Orange, "unused") } else { (Ink::Green, "kept") };
                let words = detail(action).map_or_else(|| words.to_owned(), |text| format!("{words}, {text}"));
                self.plain_row(&action.spelled, ink, words)
            }
            Item::AllUnused(actions) => {
                let all: Vec<String> = actions.iter().map(|action| described(action)).collect();
                let name = format!("{}, all unused", count(actions.len(), "more action"));
                Row { actions: names(&all), ..self.plain_row(&name, Ink::Orange, String::new()) }
            }
        }
    }

    fn plain_row(&self, name: &str, ink: Ink, words: String) -> Row {
        let name = inert::line(name).into_owned();
        Row { rules: String::new(), under: String::new(), name, ink, words, actions: String::new() }
    }

    fn node_row(&self, index: usize) -> Row {
        let Some(node) = self.trie.node(index) else { return self.plain_row("", Ink::Dim, String::new()) };
        let below = self.trie.below(index);
        let is_drawn = self.style.verbosity == Verbosity::Verbose && below.len() > 1;
        let listed = || names(&below.iter().map(|action| described(action)).collect::<Vec<_>>());
        let given = self.given(index);
        if node.safe {
            let (actions, detail) = match below.as_slice() {
                [only] => (String::new(), detail(only).map(|text| format!(" ({text})")).unwrap_or_default()),
                _ if is_drawn => (String::new(), String::new()),
                _ => (listed(), String::new()),
            };
            return Row { actions, ..self.plain_row(node.text, Ink::Green, format!("safe{given}{detail}")) };
        }
        if let [only] = below.as_slice()
            && only.unused
        {
            return self.row(&Item::Action(only));
        }
        if below.iter().all(|action| action.unused) {
            let actions = if is_drawn { String::new() } else { listed() };
            let words = format!("unused, all {}", count(below.len(), "action"));
            return Row { actions, ..self.plain_row(node.text, Ink::Orange, words) };
        }
        self.plain_row(node.text, Ink::Orange, format!("{}{given}", self.why_unsafe(node)))
    }

    fn why_unsafe(&self, node: &TrieNode<'_>) -> String {
        let mut unused = unused_beginning_with(self.trie, node.text);
        let first = unused.next().map(|action| inert::line(&action.spelled).into_owned()).unwrap_or_default();
        let more = match unused.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let own = node.action.and_then(|index| self.trie.names().get(index));
        match own {
            Some(own) if own.unused && *own.spelled == *first => format!("unsafe: unused itself{more}"),
            _ => format!("unsafe: begins {first}{more}, unused"),
        }
    }

    /// The patterns that a node gives.
    fn given(&self, index: usize) -> String {
        let arrow = if self.style.unicode { "→" } else { "->" };
        let own = self.emissions.iter().filter(|emission| emission.node == index);
        let given: Vec<String> = own.map(|e| format!("{}:{}", self.service, inert::line(&e.name))).collect();
        if given.is_empty() {
            return String::new();
        }
        format!(" {arrow} {}", self.style.paint(Ink::Bold, &given.join(", ")))
    }
}
