//! The sources of module calls that may be this repository once more, by another way than a path.
//!
//! A module that is called so has values that no file here needs to say.

use super::known::in_registry;
use super::module::folder;

/// Owners of modules for everybody, who keep each in a repository of its own.
const PUBLIC: [&str; 4] = ["terraform-aws-modules/", "cloudposse/", "aws-ia/", "hashicorp/"];

/// The registries that everybody publishes to.
const REGISTRIES: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// Which module of this repository a source may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again<'s> {
    /// The one in this folder.
    Folder(&'s str),
    /// The one at the root.
    Root,
    /// One in a folder of this name.
    Named(&'s str),
    /// Either of the last two.
    NamedOrRoot(&'s str),
}

impl<'s> Again<'s> {
    /// What a source may be that is no path.
    pub(super) fn of(source: &'s str) -> Option<Self> {
        if source.starts_with(['.', '/']) {
            return None;
        }
        if let Some(path) = path_in_repository(source) {
            return Some(Self::Folder(path));
        }
        let is_public = PUBLIC.iter().any(|owner| in_registry(source).starts_with(owner));
        let is_download = ["::", "://", "git@"].iter().any(|part| source.contains(part))
            || ["github.com/", "bitbucket.org/"].iter().any(|host| source.starts_with(host));
        match source.split('/').collect::<Vec<_>>().as_slice() {
            _ if is_public => None,
            _ if is_download => Some(Self::Root),
            [_, name, _] => Some(Self::Named(name)),
            [host, _, name, _] if REGISTRIES.contains(host) => Some(Self::Named(name)),
            [_, _, name, _] => Some(Self::NamedOrRoot(name)),
            _ => None,
        }
    }

    /// Whether it may be the module in a folder.
    pub(super) fn may_be(self, path: &str) -> bool {
        match self {
            Self::Folder(folder) => path == folder,
            Self::Root => path.is_empty(),
            Self::Named(name) => is_called(path, name),
            Self::NamedOrRoot(name) => path.is_empty() || is_called(path, name),
        }
    }
}

/// The folder that a source names inside of another repository, which may be this one.
fn path_in_repository(source: &str) -> Option<&str> {
    let path = source.split_once("://").map_or(source, |(_, rest)| rest);
    let (_, path) = path.split_once("//")?;
    Some(path.split('?').next().unwrap_or_default().trim_matches('/'))
}

/// Whether a folder is that of a module of this name: `r`, or `terraform-aws-r` as repositories are called.
fn is_called(path: &str, name: &str) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().replace('_', "-");
    let last = plain(path.get(folder(path).len()..).unwrap_or_default().trim_start_matches('/'));
    let of_provider = last.strip_prefix("terraform-").and_then(|rest| rest.split_once('-'));
    let name = plain(name);
    last == name || of_provider.is_some_and(|(_, rest)| rest == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_may_be_this_repository_again() {
        let cases = [
            ("../modules/r", None),
            ("git::https://x.y/repo.git//modules/r?ref=v1", Some(Again::Folder("modules/r"))),
            ("org/r/aws//modules/x", Some(Again::Folder("modules/x"))),
            ("git::https://x.y/repo.git?ref=v1", Some(Again::Root)),
            ("git@github.com:org/repo.git", Some(Again::Root)),
            ("github.com/org/repo", Some(Again::Root)),
            ("s3::https://bucket/r.zip", Some(Again::Root)),
            ("git::https://github.com/terraform-aws-modules/terraform-aws-iam.git", None),
            ("terraform-aws-modules/vpc/aws", None),
            ("registry.terraform.io/cloudposse/label/null", None),
            ("org/r/aws", Some(Again::Named("r"))),
            ("registry.opentofu.org/org/r/aws", Some(Again::Named("r"))),
            ("app.terraform.io/org/r/aws", Some(Again::NamedOrRoot("r"))),
        ];
        for (source, expected) in cases {
            assert_eq!(Again::of(source), expected, "{source}");
        }
        for (path, expected) in
            [("modules/r", true), ("r", true), ("x/terraform-aws-R", true), ("modules/rr", false), ("", false)]
        {
            assert_eq!(Again::Named("r").may_be(path), expected, "{path}");
        }
        assert!(Again::NamedOrRoot("r").may_be("") && Again::Root.may_be("") && !Again::Root.may_be("r"));
    }
}
