//! Fixes as a unified diff that `git apply` and `patch` take.

use similar::TextDiff;

/// The difference of one file, `a/PATH` to `b/PATH`; empty if there is none.
#[must_use]
pub fn render(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    diff.unified_diff().context_radius(3).header(&old, &new).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_last_line_end_is_told() {
        let expected = "--- a/p.json\n+++ b/p.json\n@@ -1,2 +1 @@\n x\n-y\n\\ No newline at end of file\n";
        assert_eq!(render("p.json", "x\ny", "x\n"), expected);
        assert_eq!(render("p.json", "x\n", "x\n"), "");
    }
}
