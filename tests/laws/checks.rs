//! What must hold of every refinement: it is the published method's, it keeps the laws, and it is final.

use iamtrim::catalog::Catalog;
use proptest::prelude::*;

use super::cases::Case;
use super::method::{self, Becomes};
use super::oracle::{Catalogue, Claims, Pattern, covers};
use super::program;

/// Refines a case, and holds the result against the method, the laws, and itself refined again.
pub(crate) fn check(case: &Case, catalogue: &Catalogue) -> Result<Vec<Becomes>, TestCaseError> {
    let claims = Claims::new(&case.owners, catalogue);
    let found = program::refine(&case.entries, &case.owners, &Catalog::embedded());
    prop_assert_eq!(&found, &method::refine(&case.entries, &claims), "{:#?}", case);
    laws(&case.entries, &found, &claims)?;
    let after = list_after(&case.entries, &found);
    let again = program::refine(&after, &case.owners, &Catalog::embedded());
    prop_assert!(again.iter().all(|becomes| *becomes == Becomes::Kept), "not stable: {:?} {:?}", after, again);
    Ok(found)
}

fn list_after(entries: &[String], becomes: &[Becomes]) -> Vec<String> {
    let after = entries.iter().zip(becomes).flat_map(|(entry, becomes)| match becomes {
        Becomes::Kept => vec![entry.clone()],
        Becomes::Removed => Vec::new(),
        Becomes::Replaced(patterns) => patterns.clone(),
    });
    after.collect()
}

fn laws(entries: &[String], becomes: &[Becomes], claims: &Claims<'_>) -> Result<(), TestCaseError> {
    let after: Vec<Pattern> = list_after(entries, becomes).iter().map(|text| Pattern::new(text)).collect();
    for (entry, becomes) in entries.iter().zip(becomes) {
        let emitted: Vec<Pattern> = match becomes {
            Becomes::Kept => continue,
            Becomes::Removed => Vec::new(),
            Becomes::Replaced(patterns) => patterns.iter().map(|text| Pattern::new(text)).collect(),
        };
        let own = Pattern::new(entry);
        let service = entry.split(':').next().unwrap().to_ascii_lowercase();
        for pattern in &emitted {
            prop_assert!(covers(entry, &pattern.text), "{} grants more than {entry}", pattern.text);
            let is_open = claims.is_whole(&service) && !pattern.is_literal();
            let spared = claims.allowed().any(|allowed| covers(allowed, &pattern.text));
            prop_assert!(!is_open || spared, "{} of an unused service", pattern.text);
        }
        let known = claims.catalogue.actions(&service).iter().map(|(name, _)| name.clone());
        for name in known.chain(claims.named(&service)) {
            let action = format!("{service}:{name}");
            if claims.unused(&service, &name) {
                let left = emitted.iter().find(|pattern| pattern.matches(&action));
                prop_assert!(left.is_none(), "{} leaves {action}", left.unwrap().text);
            } else if own.matches(&action) {
                prop_assert!(after.iter().any(|pattern| pattern.matches(&action)), "{action} is lost");
            }
        }
    }
    Ok(())
}
