//! How a report for people looks: colours, characters, width, and how much it says.

/// How a report for people looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether it has colours.
    pub color: bool,
    /// Whether it may use characters beyond ASCII.
    pub unicode: bool,
    /// How wide it may be, in columns.
    pub width: usize,
    /// How much it says.
    pub verbosity: Verbosity,
}

/// How much a report says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors and warnings, without a closing line.
    Quiet,
    /// Errors and warnings, and what they come to.
    #[default]
    Normal,
    /// Notes as well.
    Verbose,
}

/// What a text is coloured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// What stands out.
    Bold,
    /// What stands back.
    Dim,
    /// Line numbers and rules.
    Blue,
    /// What can be done.
    Cyan,
    /// What is safe, kept or added.
    Green,
    /// What is unsafe.
    Orange,
    /// What is unused or removed.
    Red,
    /// What to look at.
    Yellow,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Blue => "1;94",
            Self::Cyan => "1;96",
            Self::Green => "32",
            Self::Orange => "38;5;208",
            Self::Red => "91",
            Self::Yellow => "1;33",
        }
    }
}

impl Style {
    /// The text in a colour, or as it is where there are none.
    #[must_use]
    pub fn paint(&self, ink: Ink, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\u{1b}[{}m{text}\u{1b}[0m", ink.code()) } else { text.to_owned() }
    }
}

/// Breaks a text at its spaces into lines of at most `width` characters; a longer word keeps a line of its own.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    for word in text.split(' ') {
        let wanted = word.chars().count();
        if length > 0 && length + 1 + wanted > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += wanted;
    }
    lines.push(line);
    lines
}

/// `1 action`, `2 actions`, `2 policies`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_only() {
        assert_eq!(wrap("no use on record", 9), ["no use on", "record"]);
        assert_eq!(wrap("arn:aws:iam::123456789012:role/app is", 10), ["arn:aws:iam::123456789012:role/app", "is"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn a_count_agrees_with_its_noun() {
        assert_eq!([count(1, "policy"), count(2, "policy"), count(0, "file")], ["1 policy", "2 policies", "0 files"]);
    }
}
