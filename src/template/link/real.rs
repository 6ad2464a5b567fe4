//! The names that a plan or a state gives to the identities of the modules that it is of.

use std::collections::{BTreeMap, BTreeSet};

use super::super::plan::RealNames;
use super::module::{Modules, folder};

/// How deep modules may lie in one another.
const MAX_DEPTH: usize = 24;

/// The names of identities that a plan or a state knows, by module and address.
pub(super) type Named = BTreeMap<(usize, String), Vec<String>>;

/// What plans and states, each with its path, say of the modules.
pub(super) fn named(modules: &Modules<'_>, plans: &[(&str, &RealNames)]) -> Named {
    let mut named = Named::new();
    for (path, names) in plans {
        let Some(root) = root_of(modules, path, names) else { continue };
        let mut places = Vec::new();
        reach(modules, root, String::new(), 0, &mut places);
        let whole: BTreeSet<usize> = places.iter().map(|(module, _)| *module).collect();
        let of_root = |module: &usize| modules.roots(*module) == BTreeSet::from([root]);
        for (module, address) in whole
            .into_iter()
            .filter(of_root)
            .flat_map(|module| modules.identities_of(module).into_iter().map(move |address| (module, address)))
        {
            let prefixes = places.iter().filter(|(at, _)| *at == module);
            let found = prefixes.filter_map(|(_, prefix)| names.get(&format!("{prefix}{address}")));
            let found: Option<Vec<Vec<String>>> = found.cloned().collect();
            let found: Option<Vec<String>> = found.map(|all| all.concat());
            if let Some(found) = found.filter(|found| !found.is_empty()) {
                named.insert((module, address), found);
            }
        }
    }
    named
}

/// The root module that a plan is of: the only one that declares all that it names there, or of those the one in whose
/// folder it lies.
fn root_of(modules: &Modules<'_>, path: &str, names: &RealNames) -> Option<usize> {
    let own: Vec<&String> = names.keys().filter(|address| !address.starts_with("module.")).collect();
    let calls: BTreeSet<String> = names.keys().filter_map(|address| call_of(address)).collect();
    let declares = |root: &usize| {
        own.iter().all(|address| modules.block(*root, address).is_some())
            && calls.iter().all(|call| modules.block(*root, call).is_some())
    };
    let fitting: Vec<usize> = modules.all_roots().filter(declares).collect();
    match fitting.as_slice() {
        _ if names.is_empty() => None,
        [only] => Some(*only),
        several => {
            several.iter().copied().find(|root| modules.get(*root).is_some_and(|module| module.folder == folder(path)))
        }
    }
}

/// `module.app` of `module.app.aws_iam_role.this`.
fn call_of(address: &str) -> Option<String> {
    let name = address.strip_prefix("module.")?.split('.').next()?;
    Some(format!("module.{name}"))
}

/// The modules below a module, each with what stands before its addresses.
fn reach(modules: &Modules<'_>, module: usize, prefix: String, depth: usize, places: &mut Vec<(usize, String)>) {
    if depth > MAX_DEPTH || places.len() > 10_000 {
        return;
    }
    for (label, child) in modules.calls_of(module) {
        reach(modules, child, format!("{prefix}module.{label}."), depth + 1, places);
    }
    places.push((module, prefix));
}
