//! The refinement against the published method, written a second time, and against its laws, judged by regular
//! expressions and automata. Nothing here but `program` uses the program's own code.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may fail, and its oracle is written for reading"
)]

mod cases;
mod checks;
mod conditions;
mod method;
mod oracle;
mod program;
mod traps;
mod vectors;
mod wildcards;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use checks::check;
use method::Becomes;
use oracle::Catalogue;

/// How many lists are made up; `PROPTEST_CASES` asks for another number.
const CASES: u32 = 10_000;

#[test]
fn every_result_is_the_published_methods_and_keeps_the_laws() {
    let catalogue = Catalogue::embedded();
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u32);
    let share = asked.div_ceil(threads);
    let counts = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| run(share, &catalogue))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold([0; 3], |a, b| [a[0] + b[0], a[1] + b[1], a[2] + b[2]])
    });
    assert!(counts.iter().all(|count| *count > asked / 10), "the cases are one-sided: {counts:?}");
}

/// Checks made-up cases, and counts the entries that are kept, removed and replaced.
fn run(cases: u32, catalogue: &Catalogue) -> [u32; 3] {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let counts = Cell::new([0; 3]);
    let outcome = TestRunner::new(config).run(&cases::case(catalogue), |case| {
        let found = check(&case, catalogue)?;
        let mut now = counts.get();
        for becomes in &found {
            now[match becomes {
                Becomes::Kept => 0,
                Becomes::Removed => 1,
                Becomes::Replaced(_) => 2,
            }] += 1;
        }
        counts.set(now);
        Ok(())
    });
    outcome.unwrap();
    counts.get()
}
