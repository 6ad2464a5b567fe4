//! Real trees, and what the walk makes of them.

#![expect(clippy::disallowed_methods, reason = "the trees are real")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::read::{Loaded, load};
use super::*;

const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// A folder that goes when the test ends.
struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn without_git() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap();
        Self { _folder: folder, path }
    }

    fn with_git() -> Self {
        let place = Self::without_git();
        place.git_init("");
        place
    }

    fn git_init(&self, folder: &str) {
        fs::create_dir_all(self.path.join(folder)).unwrap();
        git(&self.path.join(folder), &["init", "-q"]);
    }

    fn files(&self, files: &[(&str, &str)]) -> &Self {
        for (name, text) in files {
            let path = self.path.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        self
    }

    fn empty(&self, names: &[&str]) -> &Self {
        for name in names {
            self.files(&[(name, "")]);
        }
        self
    }

    fn options(&self, current_dir: &str, paths: &[&str]) -> WalkOptions {
        WalkOptions {
            paths: paths.iter().map(PathBuf::from).collect(),
            current_dir: self.path.join(current_dir),
            ..WalkOptions::default()
        }
    }

    fn walk_from(&self, current_dir: &str, paths: &[&str]) -> Walk {
        walk(&self.options(current_dir, paths)).unwrap()
    }

    fn walk(&self, paths: &[&str]) -> Walk {
        self.walk_from("", paths)
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Each file as shown; `-` before one that is not reported, `~` before one that is ignored, `>` before one outside.
fn marked(walk: &Walk) -> Vec<String> {
    let mark = |file: &WalkedFile| {
        let marks = [(!file.reported, "-"), (file.ignored, "~"), (file.leaves_root, ">")];
        let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
        format!("{marks}{}", file.display)
    };
    walk.files.iter().map(mark).collect()
}

#[cfg(unix)]
fn link(target: impl AsRef<Path>, link: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, link).unwrap();
}

/// What git would have in a commit of everything.
fn seen_by_git(place: &Place) -> Vec<String> {
    let listed = git(&place.path, &["ls-files", "-z", "-co", "--exclude-standard"]);
    let listed = String::from_utf8(listed).unwrap();
    let mut paths: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    paths.sort();
    not_hidden(paths)
}

/// Git knows nothing of hidden files, and ripgrep shows those that a rule with `!` asks for.
fn not_hidden(mut paths: Vec<String>) -> Vec<String> {
    paths.retain(|path| !path.split('/').any(|name| name.starts_with('.')));
    paths
}

#[test]
fn what_git_ignores_is_passed_over() {
    let place = Place::with_git();
    place
        .files(&[
            (".gitignore", "*.log\n!keep.log\n/build\nout/\n# comment\n\\#odd\n*.{md,rst}\nx\\{y\n[{]z\ntrail.txt   \na/**/z\n**/deep/*.tmp\n"),
            ("sub/.gitignore", "!*.log\n/local\n*.json\n!package.json\n"),
            ("sub/inner/.gitignore", "*\n!.gitignore\n!kept.txt\n!more/\n"),
            ("docs/.gitignore", "\u{feff}draft*\r\n!draft-final.md\r\n[ab].txt\n"),
            (".git/info/exclude", "secret.txt\n/only-root.txt\n"),
        ])
        .empty(&[
            "a.log",
            "keep.log",
            "build/x.json",
            "sub/build/x.txt",
            "out/x.json",
            "sub/out/x",
            "#odd",
            "trail.txt",
            "n.md",
            "n.{md,rst}",
            "x{y",
            "{z",
            "a/z",
            "a/b/z",
            "a/b/c/z",
            "a/b/c/y",
            "deep/x.tmp",
            "p/deep/x.tmp",
            "p/deep/q/x.tmp",
            "sub/a.log",
            "sub/local",
            "sub/x/local",
            "sub/a.json",
            "sub/package.json",
            "sub/inner/kept.txt",
            "sub/inner/lost.txt",
            "sub/inner/more/a.txt",
            "sub/inner/more/kept.txt",
            "docs/draft.md",
            "docs/draft-final.md",
            "docs/a.txt",
            "docs/c.txt",
            "secret.txt",
            "sub/secret.txt",
            "only-root.txt",
            "sub/only-root.txt",
            "üñí/日本.txt",
            "with space/and more.txt",
            ".hidden",
            ".github/x.yml",
        ]);
    let walk = place.walk(&["."]);
    assert_eq!(not_hidden(marked(&walk)), seen_by_git(&place));
    assert!(walk.files.len() > 10);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    #[test]
    fn any_tree_is_seen_as_git_sees_it(
        rules in proptest::collection::vec(("(a/|b/|a/b/|)", "((!?/?(a|b|c|\\*|a\\*|\\*\\*|\\?)(/(b|c|\\*|\\*\\*))?/?|#a|)\n){1,4}"), 0..5),
        files in proptest::collection::vec("((a|b|c)/){0,3}(a|b|c|ab|bc)", 1..14),
    ) {
        let place = Place::with_git();
        for (folder, text) in &rules {
            place.files(&[(&format!("{folder}.gitignore"), text)]);
        }
        for file in &files {
            let path = place.path.join(file);
            // A path may need a folder where another one put a file.
            let _ = fs::create_dir_all(path.parent().unwrap()).and_then(|()| fs::write(path, ""));
        }
        proptest::prop_assert_eq!(not_hidden(marked(&place.walk(&["."]))), seen_by_git(&place), "{:?}", rules);
    }
}

#[test]
fn a_hostile_ignore_file_neither_breaks_nor_stops_the_walk() {
    let place = Place::with_git();
    place.files(&[("a.json", "")]);
    for (piece, end, times) in [
        ("{", "}", 250_000),
        ("{a,", "}", 250_000),
        ("{", "}", 490),
        ("[{", "}", 330),
        ("[", "", 500_000),
        ("*", "", 500_000),
        ("**/", "", 333),
        ("{a,b}", "\n", 100),
    ] {
        let text = format!("{}{}\n*.json\n", piece.repeat(times), end.repeat(times));
        place.files(&[(".gitignore", &text)]);
        // An unclosed class keeps its braces, and so many of them are more than the matcher takes: the file is passed over.
        let too_much = piece == "[{";
        assert_eq!(place.walk(&["."]).files.is_empty(), !too_much, "{piece}");
    }
}

#[test]
fn ignore_files_above_the_starting_folder_count() {
    let place = Place::with_git();
    place.files(&[(".gitignore", "*.bak\n/infra/out\n")]).empty(&[
        "infra/a.json",
        "infra/a.bak",
        "infra/out/b.json",
        "top.json",
    ]);
    let walk = place.walk_from("infra", &["."]);
    assert_eq!(marked(&walk), ["infra/a.json", "-top.json"]);
    assert_eq!(walk.roots, [Root { path: place.path, git: true, shallow: false }]);
}

#[test]
fn ignore_speaks_before_gitignore() {
    let place = Place::with_git();
    place.files(&[(".gitignore", "a.json\nb.json\n"), (".ignore", "!a.json\nc.json\n!.github\n")]).empty(&[
        "a.json",
        "b.json",
        "c.json",
        "d.json",
        "sub/a.json",
        ".github/e.json",
        ".other/f.json",
    ]);
    assert_eq!(marked(&place.walk(&["."])), [".github/e.json", "a.json", "d.json", "sub/a.json"]);
}

#[test]
fn without_ignore_files_only_what_is_hidden_stays_out() {
    let place = Place::with_git();
    place.files(&[(".gitignore", "a.json\n"), (".ignore", "b.json\n"), (".git/info/exclude", "c.json\n")]).empty(&[
        "a.json",
        "b.json",
        "c.json",
        ".d.json",
        ".terraform/e.json",
    ]);
    let options = WalkOptions { no_ignore: true, ..place.options("", &["."]) };
    assert_eq!(marked(&walk(&options).unwrap()), ["~a.json", "~b.json", "~c.json"]);
}

#[test]
fn naming_something_reads_it_though_it_is_hidden_or_ignored() {
    let place = Place::with_git();
    place.files(&[(".gitignore", "out\n*.gen.json\n")]).empty(&[
        "a.json",
        "x.gen.json",
        "y.gen.json",
        "out/b.json",
        "out/deep/c.json",
        "out/deep/z.gen.json",
        ".github/d.json",
        ".github/.e/f.json",
        ".g.json",
        ".terraform/modules/h.tf",
        ".terraform/i.tf",
    ]);
    let cases: &[(&[&str], &[&str])] = &[
        (&["."], &["a.json"]),
        (&["x.gen.json"], &["-a.json", "~x.gen.json"]),
        (&["out"], &["-a.json", "~out/b.json", "~out/deep/c.json"]),
        (&["out/deep"], &["-a.json", "~out/deep/c.json"]),
        (&["out/deep/z.gen.json", "out/b.json"], &["-a.json", "~out/b.json", "~out/deep/z.gen.json"]),
        (&[".github"], &[".github/d.json", "-a.json"]),
        (&[".github/.e/f.json", "."], &[".github/.e/f.json", "a.json"]),
        (&[".g.json"], &[".g.json", "-a.json"]),
        (&[".terraform/modules"], &["~.terraform/modules/h.tf", "-a.json"]),
        (&[".git/config"], &["-a.json"]),
    ];
    for (paths, expected) in cases {
        assert_eq!(marked(&place.walk(paths)), *expected, "{paths:?}");
    }
    let in_git = place.walk(&[".git/config"]).problems;
    assert_eq!(in_git[0].reason, "lies in `.git`");
}

#[test]
fn naming_limits_what_is_reported_never_what_is_read() {
    let place = Place::with_git();
    place.empty(&["a/x.json", "a/y.json", "ab/z.json", "b/w.json"]);
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("", &["."], &["a/x.json", "a/y.json", "ab/z.json", "b/w.json"]),
        ("", &["a"], &["a/x.json", "a/y.json", "-ab/z.json", "-b/w.json"]),
        ("", &["a/x.json", "b"], &["a/x.json", "-a/y.json", "-ab/z.json", "b/w.json"]),
        ("a", &["x.json", "../b/../b/w.json", "./x.json"], &["a/x.json", "-a/y.json", "-ab/z.json", "b/w.json"]),
        ("a", &[".."], &["a/x.json", "a/y.json", "ab/z.json", "b/w.json"]),
    ];
    for (current_dir, paths, expected) in cases {
        assert_eq!(marked(&place.walk_from(current_dir, paths)), *expected, "{paths:?} from {current_dir:?}");
    }
}

#[test]
fn a_named_path_that_is_not_there_ends_the_run() {
    let place = Place::with_git();
    let error = walk(&place.options("", &["nope/policy.json"])).unwrap_err();
    assert_eq!(error.to_string(), "`nope/policy.json` does not exist");
}

#[test]
fn without_git_a_named_folder_is_the_root_and_a_file_brings_its_neighbours() {
    let place = Place::without_git();
    place.files(&[("a/.gitignore", "*.bak\n"), ("a/sub/.iamtrim.yaml", "broken: [")]);
    place.empty(&["a/x.json", "a/y.json", "a/z.bak", "b/w.json"]);
    let walk = place.walk(&["a/x.json"]);
    assert_eq!(marked(&walk), ["a/x.json", "-a/y.json"]);
    assert!(walk.roots[0].shallow && !walk.roots[0].git);
    fs::remove_file(place.path.join("a/sub/.iamtrim.yaml")).unwrap();
    place.empty(&["a/sub/v.json"]);
    assert_eq!(marked(&place.walk(&["a"])), ["a/sub/v.json", "a/x.json", "a/y.json"]);
    let both = place.walk(&["a/sub/v.json", "a", "b"]);
    assert_eq!(marked(&both), ["a/sub/v.json", "a/x.json", "a/y.json", "b/w.json"]);
    assert_eq!(both.roots.len(), 2);
    assert_eq!(marked(&place.walk_from("b", &["../a/sub"])), ["../a/sub/v.json"]);
}

#[test]
fn several_roots_are_each_covered_once() {
    let place = Place::without_git();
    place.git_init("one");
    place.git_init("two");
    place.git_init("one/nested");
    place.files(&[("one/.gitignore", "*.log\n"), ("one/nested/.gitignore", "n.json\n")]);
    place.empty(&["one/a.json", "one/b.log", "one/nested/c.log", "one/nested/n.json", "two/a.json", "loose.json"]);
    assert_eq!(marked(&place.walk(&["one", "two", "one/a.json"])), ["one/a.json", "one/nested/c.log", "two/a.json"]);
    assert_eq!(marked(&place.walk_from("one", &["."])), ["a.json", "nested/c.log"]);
    assert_eq!(marked(&place.walk_from("one", &["nested"])), ["c.log"]);
    assert_eq!(
        marked(&place.walk_from("one", &[".", "nested", "../two"])),
        ["../two/a.json", "a.json", "nested/c.log"]
    );
    assert_eq!(marked(&place.walk(&["."])), ["loose.json", "one/a.json", "one/nested/c.log", "two/a.json"]);
    assert_eq!(marked(&place.walk(&[".", "two"])).len(), 4);
}

#[test]
fn a_linked_work_tree_has_the_excludes_of_its_repository() {
    let place = Place::without_git();
    place.git_init("main");
    let main = place.path.join("main");
    git(
        &main,
        &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "first"],
    );
    git(&main, &["worktree", "add", "-q", "../linked"]);
    place.files(&[("main/.git/info/exclude", "secret.json\n")]).empty(&["linked/secret.json", "linked/a.json"]);
    assert_eq!(marked(&place.walk(&["linked"])), ["a.json"]);
}

#[test]
fn the_nearest_configuration_governs() {
    let place = Place::with_git();
    place.files(&[
        (".iamtrim.yaml", "max-entries: 1\nexclude: ['**/skipped/**', 'app/x.json']\n"),
        ("app/.iamtrim.yaml", "max-entries: 2\nexclude: [y.json]\n"),
        ("app/skipped/.iamtrim.yaml", "max-entries: 3\n"),
        ("lib/skipped/.iamtrim.yaml", "broken"),
    ]);
    place.empty(&["a.json", "app/x.json", "app/y.json", "app/deep/z.json", "app/skipped/w.json", "lib/skipped/v.json"]);
    let walk = place.walk(&["app", "a.json", "app/y.json", "lib/skipped/v.json"]);
    let governed: Vec<_> = walk
        .files
        .iter()
        .map(|file| (file.display.as_str(), file.relative.as_str(), walk.scope(file).unwrap().config.max_entries.0))
        .collect();
    let expected = [
        ("a.json", "a.json", 1),
        ("app/deep/z.json", "deep/z.json", 2),
        ("app/skipped/w.json", "w.json", 3),
        ("app/x.json", "x.json", 2),
    ];
    assert_eq!(governed, expected);
}

#[test]
fn a_configuration_above_the_root_does_not_count() {
    let place = Place::without_git();
    place.git_init("repo");
    place.files(&[(".iamtrim.yaml", "broken"), ("repo/a.json", "")]);
    let walk = place.walk(&["repo"]);
    assert_eq!((marked(&walk), walk.configs[0].file.clone()), (vec!["a.json".to_owned()], None));
}

#[test]
fn a_broken_configuration_ends_the_run_at_its_place() {
    let place = Place::with_git();
    place.files(&[("app/.iamtrim.yaml", "\nexlude: []\n"), ("app/x.json", ""), ("lib/y.json", "")]);
    let error = walk(&place.options("", &["lib"])).unwrap_err();
    assert_eq!(error.to_string(), "app/.iamtrim.yaml:2:1: unknown key `exlude`");
    fs::write(place.path.join("app/.iamtrim.yaml"), b"# \xFF").unwrap();
    let error = walk(&place.options("", &["lib"])).unwrap_err();
    assert_eq!(error.to_string(), "app/.iamtrim.yaml: the configuration cannot be read: not UTF-8 at byte 2");
    fs::write(place.path.join("app/.iamtrim.yaml"), "é".repeat(1024 * 1024)).unwrap();
    let error = walk(&place.options("", &["lib"])).unwrap_err();
    assert_eq!(error.message(), "this file is larger than 1 MiB");
}

#[test]
fn a_named_configuration_takes_the_place_of_all_others() {
    let place = Place::with_git();
    place.files(&[
        ("settings/strict.yaml", "exclude: ['**/skipped', a.json]\n"),
        ("app/.iamtrim.yaml", "broken"),
        ("settings/a.json", ""),
        ("a.json", ""),
        ("app/skipped/b.json", ""),
    ]);
    let options = WalkOptions { config: Some("settings/strict.yaml".into()), ..place.options("", &["."]) };
    let walked = walk(&options).unwrap();
    assert_eq!(marked(&walked), ["a.json", "settings/strict.yaml"]);
    assert_eq!(walked.files[0].relative, "../a.json");
    assert_eq!(walked.configs.len(), 1);
    let missing = WalkOptions { config: Some("nope.yaml".into()), ..place.options("", &["."]) };
    assert_eq!(walk(&missing).unwrap_err().message(), "the configuration `nope.yaml` cannot be read");
}

#[test]
fn findings_are_left_out() {
    let place = Place::with_git();
    place.empty(&["a.json", "findings/f.json", "findings.json", "b/export.json"]);
    let walk = place.walk(&["."]).without(&[place.path.join("findings"), place.path.join("b/export.json")]);
    assert_eq!(marked(&walk), ["a.json", "findings.json"]);
}

#[test]
#[cfg(unix)]
fn a_link_within_the_root_is_the_file_itself() {
    let place = Place::with_git();
    place.empty(&["a/x.json", "b/y.json"]);
    link("a/x.json", place.path.join("link.json"));
    link("../a", place.path.join("b/folder"));
    assert_eq!(marked(&place.walk(&["."])), ["a/x.json", "b/y.json"]);
    assert_eq!(marked(&place.walk(&["link.json"])), ["a/x.json", "-b/y.json"]);
    assert_eq!(marked(&place.walk(&["b/folder"])), ["a/x.json", "-b/y.json"]);
    assert_eq!(marked(&place.walk(&["b/folder/x.json"])), ["a/x.json", "-b/y.json"]);
}

#[test]
#[cfg(unix)]
fn a_link_out_of_the_root_is_read_only_if_named() {
    let place = Place::without_git();
    place.git_init("repo");
    place.files(&[
        ("outside/x.json", POLICY),
        ("outside/deep/y.json", POLICY),
        ("repo/a.json", ""),
        ("repo/.iamtrim.yaml", "exclude: ['gone/**']\n"),
    ]);
    let repo = place.path.join("repo");
    link("../outside/x.json", repo.join("link.json"));
    link("../outside", repo.join("folder"));
    link("/nowhere/at/all", repo.join("dangling"));
    let cases: &[(&[&str], &[&str])] = &[
        (&["."], &["a.json"]),
        (&["link.json"], &["-a.json", ">link.json"]),
        (&["folder"], &["-a.json", ">folder/deep/y.json", ">folder/x.json"]),
        (&["folder/deep"], &["-a.json", ">folder/deep/y.json"]),
        (&["folder/x.json", "."], &["a.json", ">folder/x.json"]),
        (&["folder/x.json", "link.json"], &["-a.json", ">folder/x.json"]),
        (&["folder/../outside/x.json"], &["../outside/x.json"]),
    ];
    for (paths, expected) in cases {
        assert_eq!(marked(&place.walk_from("repo", paths)), *expected, "{paths:?}");
    }
    let walk_of_link = place.walk_from("repo", &["link.json"]);
    assert_eq!(load(&walk_of_link.files[1]), Loaded::Text(POLICY.to_owned()));
    assert!(walk_of_link.without(&[place.path.join("outside")]).files.iter().all(|file| !file.leaves_root));
    assert_eq!(walk(&place.options("repo", &["dangling"])).unwrap_err().message(), "`dangling` does not exist");
}

#[test]
#[cfg(unix)]
fn without_git_a_link_to_a_file_elsewhere_leaves_its_folder() {
    let place = Place::without_git();
    place.empty(&["a/x.json", "b/y.json"]);
    link("../b/y.json", place.path.join("a/link.json"));
    link("b", place.path.join("c"));
    assert_eq!(marked(&place.walk(&["a/link.json"])), [">a/link.json", "-a/x.json"]);
    assert_eq!(marked(&place.walk(&["a/link.json", "a"])), [">a/link.json", "a/x.json"]);
    assert_eq!(marked(&place.walk(&["c"])), ["b/y.json"]);
}

#[test]
#[cfg(unix)]
fn nothing_strange_hides_or_breaks_the_good_file() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::with_git();
    place.files(&[("good.json", POLICY), ("brackets.json", &"[".repeat(200_000)), ("locked/x.json", POLICY)]);
    let random: Vec<u8> = (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(place.path.join("random.json"), random).unwrap();
    fs::write(place.path.join("latin1.json"), [POLICY.as_bytes(), b"\xE9"].concat()).unwrap();
    fs::write(place.path.join(OsStr::from_bytes(b"na\xEFve.json")), POLICY).unwrap();
    let sparse = fs::File::create(place.path.join("sparse.json")).unwrap();
    sparse.set_len(1 << 30).unwrap();
    let large = fs::File::create(place.path.join("large.json")).unwrap();
    fs::write(place.path.join("large.json"), POLICY.repeat(1000)).unwrap();
    large.set_len(17 << 20).unwrap();
    fs::create_dir(place.path.join("loop")).unwrap();
    link("..", place.path.join("loop/up"));
    link("self", place.path.join("self"));
    assert!(Command::new("mkfifo").arg(place.path.join("pipe.json")).status().unwrap().success());
    assert!(Command::new("mkfifo").arg(place.path.join("loop/.gitignore")).status().unwrap().success());
    let locked = place.path.join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let root_reads_anyway = fs::read_dir(&locked).is_ok();

    let walk = place.walk(&[".", "pipe.json"]);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    let mut expected =
        vec!["brackets.json", "good.json", "large.json", "latin1.json", "na%EFve.json", "random.json", "sparse.json"];
    let mut problems = vec![("pipe.json", "not a regular file")];
    if root_reads_anyway {
        expected.insert(4, "locked/x.json");
    } else {
        problems.insert(0, ("locked", "permission denied"));
    }
    assert_eq!(marked(&walk), expected);
    let found: Vec<_> = walk.problems.iter().map(|p| (p.display.as_str(), p.reason.as_str())).collect();
    assert_eq!(found, problems);

    let loaded = |name: &str| load(walk.files.iter().find(|file| file.display == name).unwrap());
    assert_eq!(loaded("good.json"), Loaded::Text(POLICY.to_owned()));
    assert_eq!(loaded("na%EFve.json"), Loaded::Text(POLICY.to_owned()));
    assert!(
        matches!(loaded("latin1.json"), Loaded::Problem(problem) if problem.reason.starts_with("not UTF-8 at byte "))
    );
    for name in ["sparse.json", "random.json", "brackets.json"] {
        assert_eq!(loaded(name), Loaded::NotOurs, "{name}");
    }
    fs::write(place.path.join("large.json"), POLICY.repeat(17 * 1024 * 1024 / POLICY.len() + 1)).unwrap();
    assert_eq!(loaded("large.json"), Loaded::Problem("larger than 16 MiB".to_owned().into()));
    fs::remove_file(place.path.join("good.json")).unwrap();
    assert_eq!(loaded("good.json"), Loaded::Problem("no longer there".to_owned().into()));
    fs::rename(place.path.join("pipe.json"), place.path.join("good.json")).unwrap();
    assert_eq!(loaded("good.json"), Loaded::Problem("not a regular file".to_owned().into()));
}

#[test]
fn a_folder_that_cannot_be_listed_is_a_problem_of_its_own() {
    // Root can list every folder, so the folder goes away while it is walked.
    let place = Place::with_git();
    place.empty(&["a.json"]);
    let root = Root { path: place.path.join("gone"), git: false, shallow: false };
    let roots = [root];
    let display = Display::new(&roots, &place.path);
    let (targets, mut found) = (BTreeSet::new(), Walk::default());
    let (targets, target_names, display) = (&targets, &BTreeSet::new(), &display);
    let tree = Tree {
        root: 0,
        roots: &roots,
        targets,
        target_names,
        display,
        no_ignore: false,
        reads: false,
        read: &AtomicUsize::new(0),
        beyond: None,
    };
    let mut scopes = Scopes::new(&WalkOptions::default(), &place.path, display).unwrap();
    tree.walk(&mut found, &mut scopes).unwrap();
    let problem = WalkProblem { display: "gone".to_owned(), reason: "no longer there".to_owned(), reported: false };
    assert_eq!(found.problems, [problem]);
}

#[test]
fn which_task_is_done_first_shows_nowhere() {
    let place = Place::with_git();
    for number in 0..100 {
        let (folder, nested) = (number % 7, number % 3);
        place.files(&[
            (&format!("s{folder}/n{nested}/{number}.json"), POLICY),
            (&format!("flat/{number}.json"), POLICY),
        ]);
        place.files(&[(&format!("s{folder}/n{nested}/.iamtrim.yaml"), "exclude: [x.json]\n")]);
    }
    place.files(&[("s3/n1/.iamtrim.yaml", "exclude: ['1*.json']\n")]);
    let options = WalkOptions { reads: true, ..place.options("", &["."]) };
    let first = walk(&options).unwrap();
    let folders: Vec<&Path> = first.configs.iter().map(|scope| scope.folder.as_path()).collect();
    assert_eq!(folders.len(), 22);
    assert!(folders.is_sorted());
    for file in &first.files {
        let nearest = folders.iter().filter(|folder| file.path.starts_with(folder)).max_by_key(|f| f.as_os_str().len());
        assert_eq!(folders.get(file.scope), nearest, "{}", file.display);
        assert_eq!(file.content == Loaded::NotOurs, file.display.ends_with(".yaml"), "{}", file.display);
    }
    for _ in 0..20 {
        let again = walk(&options).unwrap();
        assert_eq!(again.files, first.files);
        assert!(again.configs.iter().map(|scope| scope.folder.as_path()).eq(folders.iter().copied()));
    }
}

#[test]
fn a_broken_configuration_is_named_in_order_of_folders() {
    let place = Place::with_git();
    for folder in ["b", "a/z", "c", "a/d"] {
        place.files(&[(&format!("{folder}/.iamtrim.yaml"), "nonsense: 1\n")]);
    }
    for _ in 0..20 {
        let error = walk(&place.options("", &["."])).unwrap_err();
        assert_eq!(error.place().unwrap().path, "a/d/.iamtrim.yaml");
    }
}

#[test]
fn the_order_is_that_of_the_shown_bytes() {
    let place = Place::with_git();
    let names = ["b.json", "a/z.json", "a.json", "a-b.json", "a/b/c.json", "B.json", "é.json", "aé.json"];
    place.empty(&names);
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    assert_eq!(marked(&place.walk(&["."])), sorted);
    assert_eq!(place.walk(&["a", "b.json"]).files, place.walk(&["b.json", "a"]).files);
}
