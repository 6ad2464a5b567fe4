//! The trie of one refinement as a Mermaid flowchart: which prefixes are safe, what they give, and what is unused.
//!
//! The trie is built again from the catalogue and the diagnostic; it is drawn only if it gives the very replacement.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use jiff::civil::Date;

use crate::audit::Granted;
use crate::catalog::{Catalog, Tracking};
use crate::diagnostic::Diagnostic;
use crate::policy::action::ActionPattern;
use crate::policy::wildcard::Wildcard;
use crate::refine::trie::{Emission, Trie};
use crate::report::markup;
use crate::report::style::count;

/// The most boxes of a drawing; what is left out is counted.
const BOXES: usize = 48;

/// The heading and the drawing of the refinement with the most entries; `None` if there is none to draw.
pub(super) fn largest(diagnostics: &[&Diagnostic], catalog: &Catalog) -> Option<String> {
    let mut refined: Vec<&Diagnostic> =
        diagnostics.iter().copied().filter(|d| d.replacement.as_ref().is_some_and(|r| !r.is_empty())).collect();
    refined.sort_by_key(|d| Reverse((d.replacement.as_ref().map(Vec::len), d.unused.len())));
    refined.into_iter().find_map(|diagnostic| section(diagnostic, catalog))
}

fn section(diagnostic: &Diagnostic, catalog: &Catalog) -> Option<String> {
    let pattern = ActionPattern::new(diagnostic.pattern.as_deref()?);
    let (service, name) = pattern.named()?;
    let names = granted(service, name, diagnostic, catalog);
    let trie = Trie::new(name, &names, None);
    let prefix = pattern.service_as_written();
    let gives: Vec<String> = trie.shortest_safe().iter().map(|name| format!("{prefix}:{name}")).collect();
    if diagnostic.replacement.as_ref() != Some(&gives) {
        return None;
    }
    let emissions = trie.emissions();
    let mut drawing = Drawing { trie: &trie, emissions: &emissions, service: prefix, out: String::new(), boxes: 0 };
    drawing.draw(pattern.as_str());
    let (unused, all) = (diagnostic.unused.len(), names.len());
    let entries = count(gives.len(), "entry");
    let title = format!("{} becomes {entries}: {unused} of {all} actions unused", markup::code(pattern.as_str()));
    Some(format!("\n### Largest refinement\n\n{title}\n\n```mermaid\n{}```\n", drawing.out))
}

/// The actions of an entry, in order of their lower-case names.
fn granted(service: &str, pattern: &Wildcard, diagnostic: &Diagnostic, catalog: &Catalog) -> Vec<Granted<'static>> {
    let action = |spelled: &str, unused: bool, tracking: Option<Tracking>| Granted {
        spelled: spelled.to_owned().into(),
        lower: spelled.to_ascii_lowercase().into(),
        unused,
        tracking,
        last_accessed: None::<Date>,
    };
    let mut all = BTreeMap::new();
    for known in catalog.service(service).iter().flat_map(|service| service.actions()) {
        let granted = action(known.name, false, Some(known.tracking));
        if pattern.matches(&granted.lower) {
            all.insert(granted.lower.clone(), granted);
        }
    }
    for unused in &diagnostic.unused {
        let name = unused.action.split_once(':').map_or("", |(_, name)| name);
        let tracking = all.get(name.to_ascii_lowercase().as_str()).and_then(|known: &Granted<'_>| known.tracking);
        let granted = action(name, true, tracking);
        all.insert(granted.lower.clone(), granted);
    }
    all.into_values().collect()
}

struct Drawing<'a> {
    trie: &'a Trie<'a>,
    emissions: &'a [Emission],
    service: &'a str,
    out: String,
    boxes: usize,
}

impl Drawing<'_> {
    /// Level by level, so that what there is no room for is what lies deepest.
    fn draw(&mut self, pattern: &str) {
        self.out.push_str("flowchart LR\n");
        let root = self.push_box(None, &markup::label(pattern), "mixed");
        let mut todo = VecDeque::from([(root, 0_usize)]);
        while let Some((parent, index)) = todo.pop_front() {
            let children = self.trie.node(index).map_or(&[][..], |node| node.children.as_slice());
            for (nth, &child) in children.iter().enumerate() {
                let child = self.trie.settled(child);
                if self.boxes >= BOXES {
                    let rest = count(children.len() - nth, "other");
                    self.push_box(Some(parent), &rest, "mixed");
                    break;
                }
                if let Some(drawn) = self.push_node(parent, child) {
                    todo.push_back((drawn, child));
                }
            }
        }
        self.out.push_str("  classDef kept fill:#dafbe1,stroke:#1a7f37,color:#1f2328\n");
        self.out.push_str("  classDef unused fill:#ffebe9,stroke:#cf222e,color:#1f2328\n");
        self.out.push_str("  classDef mixed fill:#fff8c5,stroke:#9a6700,color:#1f2328\n");
    }

    /// Draws a node; its box if there is more to draw below it.
    fn push_node(&mut self, parent: usize, index: usize) -> Option<usize> {
        let node = self.trie.node(index)?;
        let below = self.trie.below(index);
        let unused = below.iter().filter(|action| action.unused).count();
        if unused == below.len() {
            let label = match below.as_slice() {
                [only] => format!("{}<br/>unused", markup::label(&only.spelled)),
                many => format!("{}#42;<br/>{} unused", markup::label(node.text), many.len()),
            };
            self.push_box(Some(parent), &label, "unused");
            return None;
        }
        let own = self.emissions.iter().filter(|emission| emission.node == index);
        let given: Vec<String> = own.map(|e| markup::label(&format!("{}:{}", self.service, e.name))).collect();
        let label = [vec![markup::label(node.text)], given].concat().join("<br/>");
        let drawn = self.push_box(Some(parent), &label, if node.safe { "kept" } else { "mixed" });
        (!node.safe).then_some(drawn)
    }

    fn push_box(&mut self, parent: Option<usize>, label: &str, class: &str) -> usize {
        let id = self.boxes;
        self.boxes += 1;
        let from = parent.map(|parent| format!("n{parent} --> ")).unwrap_or_default();
        self.out.push_str(&format!("  {from}n{id}[\"{label}\"]:::{class}\n"));
        id
    }
}
