//! The flags as the user types them; nothing here can fail but their own syntax.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// Finds unused IAM permissions in the policies of a repository, and writes what to grant instead.
#[derive(Debug, Parser)]
#[command(name = "iamtrim", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find policies below the paths, match them with the findings, and report what is unused
    Lint(LintArgs),
    /// Print a policy document with everything unused taken out, formatting kept
    Refine(RefineArgs),
    /// Show why a pattern is replaced as it is: safe and unsafe prefixes, kept and unused actions
    Explain(ExplainArgs),
    /// List every policy that is found: where, whose, its entries; and what is skipped and why
    Policies(PoliciesArgs),
    /// Show what findings exports say, write them in a form to commit, or set AWS's recommendations beside ours
    Findings(FindingsArgs),
    /// Show the date and size of the catalogue of actions, look into it, or build one
    Catalog(CatalogArgs),
    /// List the rules, or print the documentation of one
    Rule(RuleArgs),
    /// Look at the repository, and write a configuration, the entry for a hook and a workflow; nothing is overwritten
    Init(InitArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// What lint, refine, explain and policies have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct CommonArgs {
    /// The findings export: a file, a folder, or `-`; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) findings: Vec<PathBuf>,
    /// Only these identities' findings; for an export that names none, whom it is about
    #[arg(long, value_name = "ARN_OR_NAME")]
    pub(crate) identity: Vec<String>,
    /// A catalogue of actions to use instead of the built-in one
    #[arg(long, value_name = "FILE_OR_FOLDER")]
    pub(crate) catalog: Option<PathBuf>,
    /// The configuration to use instead of the nearest `.iamtrim.yaml`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// How to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct OutputArgs {
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Print less
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more: notes as well
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// When standard output is a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// What to report, the current folder if not said; whole repositories are read all the same
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Write the fixes that are safe; `all` writes the unsafe ones too
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe", value_name = "WHICH")]
    pub(crate) fix: Option<FixChoice>,
    /// Print the fixes as a unified diff and write nothing
    #[arg(long, conflicts_with = "format")]
    pub(crate) diff: bool,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: LintFormat,
    /// Print to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print the same run to a file in another format as well; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", value_parser = FormatAndFile::parse, conflicts_with = "diff")]
    pub(crate) report: Vec<FormatAndFile>,
    /// Report only what differs from where HEAD left this commit's history, untracked files included
    #[arg(long, value_name = "REV")]
    pub(crate) changed_since: Option<String>,
    /// What is known and does not count, as `--write-baseline` wrote it
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write down what is found, so that only what comes later counts
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "diff", "fix"])]
    pub(crate) write_baseline: Option<PathBuf>,
    /// The least level that makes the exit code 1
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL")]
    pub(crate) fail_on: FailOn,
    /// A file that cannot be read is an error
    #[arg(long)]
    pub(crate) strict: bool,
    /// Read what `.gitignore` and its kin leave out, too
    #[arg(long)]
    pub(crate) no_ignore: bool,
    /// What today is
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(crate) now: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FixChoice {
    /// Only fixes that are proved safe
    Safe,
    /// Unsafe fixes too; never those that are for display only
    All,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people at a terminal
    #[default]
    Human,
    /// For programs: JSON, version 1
    Json,
    /// Annotations of a GitHub workflow
    Github,
    /// For code scanning: SARIF 2.1.0
    Sarif,
    /// For reviewdog
    Rdjson,
    /// For GitLab's code quality report
    Gitlab,
    /// For whoever reads test results: JUnit's XML
    Junit,
    /// A page in Markdown, such as a job summary
    Markdown,
    /// A review of a pull request whose base `--changed-since` names, as GitHub's API takes it
    Suggestions,
}

/// `FORMAT=FILE`, as in `sarif=iamtrim.sarif`.
#[derive(Debug, Clone)]
pub(crate) struct FormatAndFile {
    pub(crate) format: LintFormat,
    pub(crate) file: PathBuf,
}

impl FormatAndFile {
    fn parse(text: &str) -> Result<Self, String> {
        let (format, file) = text.split_once('=').ok_or("write a format, `=`, and a file")?;
        let format = LintFormat::from_str(format, false).map_err(|_| format!("there is no format `{format}`"))?;
        Ok(Self { format, file: PathBuf::from(file) })
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people at a terminal
    #[default]
    Human,
    /// For programs: JSON, version 1
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Errors only
    Error,
    /// Warnings and errors
    #[default]
    Warning,
    /// Whatever is said
    Note,
    /// Nothing
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct RefineArgs {
    /// The policy document; standard input if it is `-` or left out
    #[arg(default_value = "-", value_name = "POLICY.json")]
    pub(crate) policy: PathBuf,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// An action pattern, such as `s3:Get*`
    #[arg(value_name = "PATTERN")]
    pub(crate) pattern: String,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PoliciesArgs {
    /// What to list; the current folder if not said
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// How to print the list
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct FindingsArgs {
    /// The exports: files, folders, or `-`; those of the configuration if not said
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only these identities' findings; for an export that names none, whom it is about
    #[arg(long, value_name = "ARN_OR_NAME")]
    pub(crate) identity: Vec<String>,
    /// Write what counts of them, sorted and compact; into a folder, a file per account
    #[arg(long, value_name = "FILE_OR_FOLDER", conflicts_with_all = ["compare", "format"])]
    pub(crate) write: Option<PathBuf>,
    /// Set the policies that AWS recommends, in this file or folder, beside our refinement of the same policies
    #[arg(long, value_name = "PATH")]
    pub(crate) compare: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: ListFormat,
    /// A catalogue of actions to use instead of the built-in one
    #[arg(long, value_name = "FILE_OR_FOLDER")]
    pub(crate) catalog: Option<PathBuf>,
    /// The configuration to use instead of the nearest `.iamtrim.yaml`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What today is
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(crate) now: Option<Date>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    pub(crate) action: Option<CatalogAction>,
    /// A catalogue to use instead of the built-in one
    #[arg(long, global = true, value_name = "FILE_OR_FOLDER")]
    pub(crate) catalog: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogAction {
    /// List the actions that a pattern matches
    Expand {
        /// An action pattern, such as `s3:Get*`
        #[arg(value_name = "PATTERN")]
        pattern: String,
    },
    /// Make a catalogue out of a folder of action lists or a text of `service:Action` lines
    Build(CatalogBuildArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CatalogBuildArgs {
    /// A `data/actions` folder, or a file of `service:Action` lines
    #[arg(value_name = "SOURCE")]
    pub(crate) source: PathBuf,
    /// The catalogue to write
    #[arg(long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Accept the loss of a whole service, or of more than 1 % of the actions
    #[arg(long)]
    pub(crate) force: bool,
    /// The day the source was taken, if it does not say
    #[arg(long, value_name = "DATE")]
    pub(crate) date: Option<Date>,
    /// Lines of the actions whose last use is tracked, instead of what the catalogue in use says
    #[arg(long, value_name = "FILE")]
    pub(crate) tracked: Option<PathBuf>,
    /// Lines of the actions that only other services' calls check, instead of what the catalogue in use says
    #[arg(long, value_name = "FILE")]
    pub(crate) cross_service: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// The rule to document
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The findings export: a file, a folder, or `-`; may be given several times; those in the repository if not said
    #[arg(long, value_name = "PATH")]
    pub(crate) findings: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
