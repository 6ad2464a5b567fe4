//! A new catalogue out of a source and the one in use; a source that lost much is refused.

use super::{Catalog, Draft, Tracking};
use crate::error::Error;

/// What a build changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changes {
    /// Actions that the catalogue in use did not have.
    pub added: usize,
    /// Actions that the source has no more.
    pub retired: usize,
}

/// Lines of `service:Action`, with the path that messages call them by.
pub type Lines<'a> = (&'a str, &'a str);

/// The source as a catalogue of its own, compared with the one in use.
///
/// `tracked` and `cross_service` replace what the catalogue in use says of each action's tracking.
///
/// # Errors
/// Unless forced, if a whole service or more than 1 % of the actions are gone: sources have been published broken.
pub fn build(
    source: Catalog,
    in_use: &Catalog,
    tracked: Option<Lines<'_>>,
    cross_service: Option<Lines<'_>>,
    force: bool,
) -> Result<(Catalog, Changes), Error> {
    let changes = compare(&source, in_use, force)?;
    if tracked.is_none() && cross_service.is_none() {
        return Ok((source, changes));
    }
    let list = |lines: Option<Lines<'_>>| lines.map(|(path, text)| Catalog::from_text(path, text, in_use)).transpose();
    let (tracked, cross_service) = (list(tracked)?, list(cross_service)?);
    let mut draft = Draft::default();
    for section in source.sections() {
        for name in source.retired(section.prefix) {
            draft.add(section.prefix, name, None);
        }
        for action in section.actions() {
            let listed = |list: &Option<Catalog>, otherwise: Tracking| {
                list.as_ref().map_or(action.tracking == otherwise, |list| {
                    list.service(section.prefix).is_some_and(|service| service.action(action.name).is_some())
                })
            };
            let tracking = if listed(&tracked, Tracking::Tracked) {
                Tracking::Tracked
            } else if listed(&cross_service, Tracking::CrossServiceOnly) {
                Tracking::CrossServiceOnly
            } else {
                Tracking::Untracked
            };
            draft.add(section.prefix, action.name, Some(tracking));
        }
    }
    Ok((draft.finish(source.date()), changes))
}

fn compare(source: &Catalog, in_use: &Catalog, force: bool) -> Result<Changes, Error> {
    let missing = |from: &Catalog, than: &Catalog| -> usize {
        let lost = than.services().flat_map(|service| {
            let other = from.service(service.prefix());
            service.actions().filter(move |action| other.is_none_or(|other| other.action(action.name).is_none()))
        });
        lost.count()
    };
    let changes = Changes { added: missing(in_use, source), retired: missing(source, in_use) };
    let gone: Vec<&str> =
        in_use.services().map(|service| service.prefix()).filter(|prefix| source.service(prefix).is_none()).collect();
    let (_, before) = in_use.counts();
    if force || (gone.is_empty() && changes.retired * 100 <= before) {
        return Ok(changes);
    }
    let services = if gone.is_empty() { String::new() } else { format!(", and every action of {}", gone.join(", ")) };
    Err(Error::new(format!("the source lacks {} of {before} actions{services}", changes.retired))
        .help("if that is right, build it with `--force`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::HEADER;

    fn catalog(text: &str) -> Catalog {
        Catalog::from_text("c", text, &Catalog::of_text(HEADER.into())).unwrap()
    }

    #[test]
    fn a_source_that_lost_much_is_refused_unless_forced() {
        let many: String = (0..200).map(|n| format!("s3:Get{n}\n")).collect();
        let in_use = catalog(&format!("{many}sqs:SendMessage\n"));
        let cases = [
            (format!("{many}sqs:SendMessage\nsqs:New\n"), Ok(Changes { added: 1, retired: 0 })),
            (format!("{}sqs:SendMessage\n", many.replace("s3:Get7\n", "")), Ok(Changes { added: 0, retired: 1 })),
            (many.clone(), Err("the source lacks 1 of 201 actions, and every action of sqs")),
            (
                format!("{}sqs:SendMessage\n", many.replace("s3:Get1", "s3:Put1")),
                Err("the source lacks 111 of 201 actions"),
            ),
        ];
        for (text, expected) in cases {
            let built = build(catalog(&text), &in_use, None, None, false);
            let built = built.map(|(_, changes)| changes).map_err(|error| error.message().to_owned());
            assert_eq!(built, expected.map_err(str::to_owned));
            assert!(build(catalog(&text), &in_use, None, None, true).is_ok());
        }
    }

    #[test]
    fn lists_say_how_the_use_of_an_action_can_be_seen() {
        let lists = (("t", "s3:GetBucketAcl"), ("x", "iam:PassRole\ns3:GetBucketAcl"));
        let source = catalog("s3:GetBucketAcl\niam:PassRole\ns3:GetObject");
        let (built, _) = build(source.clone(), &source, Some(lists.0), Some(lists.1), false).unwrap();
        let text: Vec<&str> = built.as_text().lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(text.join("|"), "# iamtrim catalogue 1|@iam|~PassRole|@s3|+GetBucketAcl| GetObject");
    }
}
