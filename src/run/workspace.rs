//! What `lint` and `policies` work on: the walked files as sources, each under its scope, and the catalogue.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use iamtrim::catalog::Catalog;
use iamtrim::check::{Checked, check_counting};
use iamtrim::diagnose;
use iamtrim::diagnostic::{Diagnostic, Place};
use iamtrim::error::Error;
use iamtrim::finding::Evidence;
use iamtrim::rule::{Level, Rule};
use iamtrim::settings::Scope;
use iamtrim::source::{SourceFile, Sources, Span};
use iamtrim::walk::read::{Loaded, Unreadable};
use iamtrim::walk::{self, Root, Walk, WalkOptions, WalkedFile};
use jiff::civil::Date;

use super::changed::Changed;
use super::evidence::{self, Ahead, Exports};
use super::progress::Progress;
use super::settings;
use crate::cli::CommonArgs;

/// All that a run works on.
pub(super) struct Workspace {
    /// The files that may hold a policy.
    pub(super) sources: Sources,
    /// One per configuration.
    pub(super) scopes: Arc<[Scope]>,
    /// The catalogue in use.
    pub(super) catalog: Arc<Catalog>,
    /// How many files are reported, whether or not they could hold a policy.
    pub(super) reported: usize,
    /// What changed, where that was asked for.
    pub(super) changed: Option<Changed>,
    /// Whether only that is reported.
    is_narrowed: bool,
    progress: Progress,
    unread: Vec<Unread>,
    walked: Vec<WalkedFile>,
    roots: Vec<Root>,
}

/// A reported file that could not be read, and why.
struct Unread {
    place: Place,
    scope: usize,
    reason: String,
}

/// What decides which files a run reads.
pub(super) struct Selection<'a> {
    /// What is reported; the current folder if nothing is named.
    pub(super) paths: &'a [PathBuf],
    /// Whether ignore files are passed over.
    pub(super) no_ignore: bool,
    /// What today is.
    pub(super) today: Date,
    /// Whether a run without findings is one at all.
    pub(super) needs_findings: bool,
    /// The commit since which files must have changed to be reported.
    pub(super) changed_since: Option<&'a str>,
}

impl Selection<'_> {
    fn named_or_here(&self) -> Vec<PathBuf> {
        if self.paths.is_empty() { vec![PathBuf::from(".")] } else { self.paths.to_vec() }
    }
}

impl Workspace {
    /// Walks, reads the evidence, and loads what may hold a policy.
    ///
    /// # Errors
    /// If paths, configuration, findings or catalogue cannot be used.
    pub(super) fn open(selection: &Selection<'_>, common: &CommonArgs) -> Result<Self, Error> {
        let progress = Progress::new(common.output.quiet);
        let ahead = || {
            let first = settings::nearest(selection.paths.first().map_or(Path::new("."), PathBuf::as_path), common);
            Ahead::read(first.ok()?, common, selection.today)
        };
        let (walk, ahead) = rayon::join(|| walked(selection, common, &progress), ahead);
        let walk = walk?;
        let (scopes, exports) = scopes(&walk, selection, common, ahead)?;
        let mut walk = walk.without(&exports);
        check_anonymous(&scopes, &walk, common)?;
        let changed = selection.changed_since.map(|since| Changed::since(since, &walk.roots)).transpose()?;
        let narrowing = changed.as_ref().filter(|changed| !judges_otherwise(changed, &exports, common));
        if let Some(changed) = narrowing {
            walk.files.iter_mut().for_each(|file| file.reported &= changed.contains(&file.path));
        }
        let is_narrowed = narrowing.is_some();
        let workspace = Self::of(walk, scopes, super::catalog::in_use(common.catalog.as_deref())?);
        Ok(Self { changed, is_narrowed, progress, ..workspace })
    }

    /// Walks and loads what may hold a policy, all under evidence that was read already from these files.
    ///
    /// # Errors
    /// If paths, configuration or catalogue cannot be used.
    pub(super) fn under(
        (evidence, exports): (&Arc<Evidence>, &[PathBuf]),
        selection: &Selection<'_>,
        common: &CommonArgs,
    ) -> Result<Self, Error> {
        let progress = Progress::new(common.output.quiet);
        let walk = walked(selection, common, &progress)?.without(exports);
        let settled = |governed| settings::settled(governed, common, selection.today);
        let scope = |governed| Scope { settings: settled(governed), evidence: Arc::clone(evidence) };
        let scopes = walk.configs.iter().map(scope).collect();
        let workspace = Self::of(walk, scopes, super::catalog::in_use(common.catalog.as_deref())?);
        Ok(Self { progress, ..workspace })
    }

    fn of(walk: Walk, scopes: Vec<Scope>, catalog: Catalog) -> Self {
        let mut workspace = Self {
            sources: Sources::default(),
            scopes: scopes.into(),
            catalog: Arc::new(catalog),
            reported: walk.files.iter().filter(|file| file.reported).count(),
            changed: None,
            is_narrowed: false,
            progress: Progress::default(),
            unread: Vec::new(),
            walked: Vec::new(),
            roots: walk.roots,
        };
        let problems = walk.problems.into_iter().filter(|problem| problem.reported);
        workspace.unread.extend(problems.map(|problem| Unread::new(&problem.display, 0, problem.reason)));
        workspace.take(walk.files, walk.configs);
        workspace
    }

    fn take(&mut self, files: Vec<WalkedFile>, configs: Vec<walk::Scope>) {
        let mut sources = Vec::new();
        for mut file in files {
            match std::mem::take(&mut file.content) {
                Loaded::NotOurs => {}
                Loaded::Problem(Unreadable { reason, shown }) => {
                    if file.reported {
                        self.unread.push(Unread::new(&file.display, file.scope, reason));
                    }
                    if walk::is_of_module(&file.display) || !shown.is_empty() {
                        let mut source = source(&file, shown);
                        source.unread = true;
                        sources.push(source);
                        self.walked.push(file);
                    }
                }
                Loaded::Text(text) => {
                    sources.push(source(&file, text));
                    self.walked.push(file);
                }
            }
        }
        sources.extend(configs.into_iter().enumerate().filter_map(configuration));
        self.walked.sort_by(|a, b| a.display.cmp(&b.display));
        self.sources = Sources::new(sources);
    }

    /// Checks the sources.
    pub(super) fn check<'e>(&self, scopes: &'e [Scope], catalog: &'e Catalog) -> Checked<'e> {
        self.progress.policies.store(0, Ordering::Relaxed);
        let _line = self.progress.tell();
        check_counting(&self.sources, scopes, catalog, &self.progress.policies)
    }

    /// What there is to say of the files that could not be read.
    pub(super) fn unread_diagnostics(&self) -> impl Iterator<Item = Diagnostic> {
        self.unread.iter().filter_map(|unread| {
            let settings = &self.scopes.get(unread.scope)?.settings;
            diagnose::about_file(Rule::UnreadableFile, unread.place.clone(), unread.reason.clone(), settings)
        })
    }

    /// Whether a diagnostic about a file as a whole is about one that changed, where only such are reported.
    pub(super) fn is_wanted(&self, diagnostic: &Diagnostic) -> bool {
        let Some(changed) = self.changed.as_ref().filter(|_| self.is_narrowed) else { return true };
        let place = &diagnostic.place;
        let has_changed = || self.roots.iter().any(|root| changed.contains(&root.path.join(&place.path)));
        let is_reported = place.file.and_then(|id| self.sources.get(id)).is_some_and(|file| file.reported);
        is_reported || diagnostic.level == Level::Note || has_changed()
    }

    /// The top of the git work tree that a file lies in, if it lies in one.
    pub(super) fn git_root_of(&self, path: &Path) -> Option<&Path> {
        let roots = self.roots.iter().filter(|root| root.git && path.starts_with(&root.path));
        roots.map(|root| root.path.as_path()).max_by_key(|path| path.as_os_str().len())
    }

    /// Where a source is on disk.
    pub(super) fn path_of(&self, display: &str) -> Option<&Path> {
        let index = self.walked.binary_search_by(|file| file.display.as_str().cmp(display)).ok()?;
        self.walked.get(index).map(|file| file.path.as_path())
    }
}

impl Unread {
    fn new(path: &str, scope: usize, reason: String) -> Self {
        Self { place: Place { path: path.to_owned(), file: None, span: Span::default() }, scope, reason }
    }
}

/// A configuration that allows something, for what is said of that to have a place.
fn configuration((index, governed): (usize, walk::Scope)) -> Option<SourceFile> {
    let path = governed.file.filter(|_| !governed.config.allow.is_empty())?;
    let mut source = SourceFile::new(path, governed.text);
    source.scope = index;
    source.reported = false;
    Some(source)
}

fn source(file: &WalkedFile, text: String) -> SourceFile {
    let read_only = match file {
        WalkedFile { leaves_root: true, .. } => Some("it lies outside of the repository"),
        WalkedFile { ignored: true, .. } => Some("git ignores it"),
        _ => None,
    };
    let mut source = SourceFile::new(file.display.clone(), text);
    source.relative.clone_from(&file.relative);
    source.scope = file.scope;
    source.reported = file.reported;
    source.named = file.named;
    source.read_only = read_only;
    source
}

/// The files that a run reads.
///
/// # Errors
/// If a path does not exist or a configuration is broken.
pub(super) fn walked(selection: &Selection<'_>, common: &CommonArgs, progress: &Progress) -> Result<Walk, Error> {
    let _line = progress.tell();
    walk::walk(&WalkOptions {
        paths: selection.named_or_here(),
        no_ignore: selection.no_ignore,
        config: common.config.clone(),
        current_dir: current_dir()?,
        reads: true,
        read: Arc::clone(&progress.files),
    })
}

/// The folder that relative paths start from.
///
/// # Errors
/// If it is gone.
pub(super) fn current_dir() -> Result<PathBuf, Error> {
    std::env::current_dir().map_err(|error| Error::new("cannot tell the current folder").because(error))
}

/// Settings and evidence of each scope, and the files that the evidence was read from.
///
/// What governs no reported file needs no evidence of its own: nothing is said of what it governs.
fn scopes(
    walk: &Walk,
    selection: &Selection<'_>,
    common: &CommonArgs,
    ahead: Option<Ahead>,
) -> Result<(Vec<Scope>, Vec<PathBuf>), Error> {
    let has_findings =
        !common.findings.is_empty() || walk.configs.iter().any(|scope| !scope.config.findings.is_empty());
    if selection.needs_findings && !has_findings {
        return Err(evidence::none(walk.configs.iter().any(|scope| scope.file.is_some())));
    }
    let governing: BTreeSet<usize> = walk.files.iter().filter(|file| file.reported).map(|file| file.scope).collect();
    let mut exports = Exports::new(common, selection.today, walk.configs.len() > 1)?.after(ahead);
    let (mut scopes, mut paths) = (Vec::new(), Vec::new());
    for (index, governed) in walk.configs.iter().enumerate() {
        let mut settings = settings::settled(governed, common, selection.today);
        if !selection.paths.is_empty() || selection.changed_since.is_some() {
            settings.staleness = Level::Note;
        }
        settings.governs = governing.contains(&index) || governing.is_empty();
        let is_needed = settings.governs || !common.findings.is_empty();
        let (evidence, read) =
            if is_needed { exports.load(governed)? } else { (Arc::default(), exports.paths(governed)) };
        scopes.push(Scope { settings, evidence });
        paths.extend(read);
    }
    Ok((scopes, paths))
}

/// Whether the change is one of what policies are judged by, so that it may be seen in any of them.
fn judges_otherwise(changed: &Changed, exports: &[PathBuf], common: &CommonArgs) -> bool {
    let given = common.config.iter().chain(&common.catalog).chain(&common.findings);
    let given = given.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
    changed.has_config()
        || given.into_iter().any(|path| changed.contains(&path))
        || exports.iter().any(|path| changed.contains(path) || changed.lacks_beside(path))
}

/// An export that names no identity speaks of the policy files named; a folder does not say which.
fn check_anonymous(scopes: &[Scope], walk: &Walk, common: &CommonArgs) -> Result<(), Error> {
    let is_anonymous = scopes.iter().any(|scope| scope.evidence.anonymous.is_some());
    if !is_anonymous || !common.identity.is_empty() || walk.files.iter().any(|file| file.named) {
        return Ok(());
    }
    Err(Error::new("the findings name no identity, and no policy file is named")
        .help("name the policy file, or say whom the findings are about with `--identity`"))
}
