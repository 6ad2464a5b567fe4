//! The refinement against the published method and its laws, on cases that the bytes choose.

use std::sync::LazyLock;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::cases;
use super::checks::check;
use super::oracle::Catalogue;

/// How many bytes follow those of an input: of zeros, choices that are made again until they fit would find no end.
const MORE: usize = 1 << 14;

/// Reads every choice of a case out of the bytes, and what they do not say out of some that are always the same.
pub(crate) fn refine_laws(data: &[u8]) {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);
    let rng = TestRng::from_seed(RngAlgorithm::PassThrough, &followed(data));
    let mut runner = TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng);
    let Ok(drawn) = cases::case(&CATALOGUE).new_tree(&mut runner) else { return };
    let case = drawn.current();
    if let Err(error) = check(&case, &CATALOGUE) {
        panic!("{error}");
    }
}

fn followed(data: &[u8]) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let more = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    data.iter().copied().chain(more.flatten().take(MORE)).collect()
}
