//! Explains.
use crate::{audit::EntryAudit, policy::action::ActionPattern, refine::EntryChange, report::style::Style};
/// x
#[must_use]
pub fn render(p: &ActionPattern, a: &EntryAudit, c: &EntryChange, _d: Option<jiff::civil::Date>, _s: &Style) -> String {
    format!("{} {:?} {:?}\n", p.as_str(), a.verdict, c)
}
