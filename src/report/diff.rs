//! Fixes as a unified diff that `git apply` and `patch` take.

use similar::TextDiff;

/// The difference of one file, `a/PATH` to `b/PATH`; empty if there is none.
#[must_use]
pub fn render(path: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let [old, new] = ["a", "b"].map(|side| name(&format!("{side}/{path}")));
    diff.unified_diff().context_radius(3).header(&old, &new).to_string()
}

/// A name as git writes it in a diff: in quotes and with escapes if it would not be one word on one line otherwise.
fn name(path: &str) -> String {
    let is_special = |c: char| c.is_control() || matches!(c, '"' | '\\');
    if !path.contains(is_special) {
        return path.to_owned();
    }
    let mut quoted = String::from("\"");
    for character in path.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            special if is_special(special) => {
                let mut bytes = [0; 4];
                let escapes = special.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}"));
                quoted.extend(escapes);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
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

    #[test]
    fn a_name_takes_one_line_whatever_stands_in_it() {
        let header = |path| render(path, "x\n", "").lines().take(2).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(header("a b/é.json"), ["--- a/a b/é.json", "+++ b/a b/é.json"]);
        assert_eq!(
            header("a\n::error::\"\\.json"),
            [r#"--- "a/a\012::error::\"\\.json""#, r#"+++ "b/a\012::error::\"\\.json""#]
        );
        assert_eq!(header("\u{85}"), [r#"--- "a/\302\205""#, r#"+++ "b/\302\205""#]);
    }
}
