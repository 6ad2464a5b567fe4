//! `iamtrim rule`: the table of rules, or the documentation of one.

use std::process::ExitCode;

use iamtrim::error::Error;
use iamtrim::rule::{RULES, Rule};

use super::print;
use crate::cli::RuleArgs;

pub(super) fn run(args: &RuleArgs) -> Result<ExitCode, Error> {
    let Some(id) = &args.id else {
        let width = RULES.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        let line =
            |rule: &iamtrim::rule::RuleInfo| format!("{:width$}  {:7}  {}\n", rule.id, rule.level.word(), rule.summary);
        return print::stdout(&RULES.iter().map(line).collect::<String>());
    };
    let Some(rule) = Rule::named(id) else {
        return Err(Error::new(format!("there is no rule `{id}`")).help("`iamtrim rule` lists the rules"));
    };
    print::stdout(rule.info().documentation)
}
