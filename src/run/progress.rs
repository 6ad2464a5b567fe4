//! A line on a terminal that says how far a long run is: files read, policies found.
//!
//! It goes to standard error, begins after a while, and is gone before anything else is printed. Nobody sees it in a
//! pipe, in CI or in a hook.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use iamtrim::report::style::count;

/// How long something takes before it is told of.
const AFTER: Duration = Duration::from_millis(500);

/// How often more is told.
const EVERY: Duration = Duration::from_millis(100);

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// How many files were read.
    pub(super) files: Arc<AtomicUsize>,
    /// How many policies were found in them.
    pub(super) policies: Arc<AtomicUsize>,
    is_quiet: bool,
}

/// Tells it until it is dropped.
#[derive(Debug)]
pub(super) struct Line {
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Self {
        Self { is_quiet, ..Self::default() }
    }

    /// Begins to tell, where a person may be waiting.
    pub(super) fn tell(&self) -> Line {
        if self.is_quiet || !is_watched() {
            return Line { thread: None };
        }
        let (end, ended) = mpsc::channel();
        let progress = self.clone();
        let thread = thread::Builder::new().spawn(move || progress.tell_until(&ended));
        Line { thread: thread.ok().map(|thread| (end, thread)) }
    }

    fn tell_until(&self, ended: &Receiver<()>) {
        let (mut wait, mut is_shown) = (AFTER, false);
        while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            print(&format!("\r\u{1b}[K{}", self.text()));
            (wait, is_shown) = (EVERY, true);
        }
        if is_shown {
            print("\r\u{1b}[K");
        }
    }

    fn text(&self) -> String {
        let read = count(self.files.load(Ordering::Relaxed), "file");
        match self.policies.load(Ordering::Relaxed) {
            0 => format!("{read} read"),
            found => format!("{read} read, {} found", count(found, "policy")),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.thread.take() {
            drop(end);
            // A thread that panicked has printed that, and left nothing to wait for.
            let _ = thread.join();
        }
    }
}

fn is_watched() -> bool {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !is_set("CI") && !is_set("PRE_COMMIT") && !is_dumb
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // That nobody reads it is no failure.
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
