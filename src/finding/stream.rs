//! Bytes → the JSON values that may be findings, one at a time, so that memory grows with one value and not the file.
//!
//! Those are the values that follow one another at the top, the items of an array there, and the items of an array
//! under a key like `findings`. Nothing is built here: a value is handed on as its bytes, found by its brackets.

use std::io::Read;

use super::key::Key;
use crate::error::Error;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;

/// How much is read at first, since most exports are small.
const FIRST_CHUNK: usize = 1 << 14;

/// The most that one value may take, in bytes.
const MAX_VALUE: usize = 64 << 20;

/// How deep brackets may nest in one value.
const MAX_DEPTH: usize = 128;

/// How deep arrays of findings may nest, as joining exports does.
const MAX_ARRAYS: usize = 4;

/// What a value is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A value of its own.
    Item,
    /// What stood around the findings in one object, without them.
    Envelope,
}

/// A JSON text that is read in chunks.
pub(super) struct Stream<'p, R> {
    path: &'p str,
    input: R,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    line: usize,
    column: usize,
}

/// A value's bytes and where it begins in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'b> {
    pub(super) part: Part,
    pub(super) bytes: &'b [u8],
    /// What can be said of it without reading it.
    pub(super) head: Head<'b>,
    /// Where it begins, from 1.
    pub(super) line: usize,
    /// Where it begins, in characters from 1.
    pub(super) column: usize,
}

/// What an object's own members say, found without reading it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head<'b> {
    /// `resource`, if that is a string without escapes.
    pub(super) resource: Option<&'b str>,
    /// `analyzedAt`, likewise.
    pub(super) analyzed_at: Option<&'b str>,
    /// Whether it has `findingDetails` or an `error`.
    pub(super) has_details: bool,
}

/// Where the values of an object's members are that make its [`Head`].
#[derive(Debug, Clone, Copy, Default)]
struct HeadPlaces {
    resource: Option<(usize, usize)>,
    analyzed_at: Option<(usize, usize)>,
    has_details: bool,
}

/// What is done with each value.
type Take<'t> = &'t mut dyn FnMut(Item<'_>) -> Result<(), Error>;

/// What to do about a text that is no JSON.
const SYNTAX_HELP: &str = "it is no JSON, or was cut off: export it again, as docs/findings.md shows";

/// How much of a parser's message is shown, in characters: it quotes values.
const MAX_MESSAGE: usize = 200;

/// A key and where its value begins.
struct Member {
    key: Key,
    value: usize,
}

/// How deep inside of a value a place is.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

/// What a piece of a value's bytes says of its end.
enum Progress {
    /// It ends before the byte at this place.
    Ended(usize),
    /// It goes on after the piece.
    Unfinished,
    /// The bracket at this place is one too many.
    TooDeep(usize),
}

impl Nesting {
    /// Goes on with the next piece of the value.
    fn end(&mut self, bytes: &[u8]) -> Progress {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.in_string {
                match self.end_of_string(bytes.get(at..).unwrap_or_default()) {
                    None => return Progress::Unfinished,
                    Some(length) => at += length,
                }
                if self.depth == 0 {
                    return Progress::Ended(at);
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' if self.depth == MAX_DEPTH => return Progress::TooDeep(at),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => return Progress::Ended(at + self.depth),
                b'}' | b']' => self.depth -= 1,
                b',' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => return Progress::Ended(at),
                _ => {}
            }
            at += 1;
        }
        Progress::Unfinished
    }

    /// How many bytes the rest of a string takes, with its quote; `None` if it goes on after the piece.
    fn end_of_string(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = usize::from(std::mem::take(&mut self.is_escaped));
        loop {
            let found = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
            if bytes.get(found) == Some(&b'"') {
                self.in_string = false;
                return Some(found + 1);
            }
            at = found + 2;
            if at > bytes.len() {
                self.is_escaped = true;
                return None;
            }
        }
    }
}

impl Item<'_> {
    /// An error at a place of the value, as a parser of its bytes counts: lines from 1, columns in bytes.
    pub(super) fn error(&self, path: &str, error: &serde_json::Error) -> Error {
        let text = error.to_string();
        let message: String = text.rsplit_once(" at line ").map_or(&*text, |(message, _)| message).into();
        let message = message.chars().take(MAX_MESSAGE).collect::<String>();
        let rest = self.bytes.split(|&byte| byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let before = rest.get(..error.column().saturating_sub(1).min(rest.len())).unwrap_or_default();
        let column = characters(before) + if error.line() <= 1 { self.column } else { 1 };
        Error::new(message).at(path, self.line + error.line().saturating_sub(1), column).help(SYNTAX_HELP)
    }
}

impl HeadPlaces {
    fn note(&mut self, key: Key, value: (usize, usize), is_null: bool) {
        match key {
            Key::Resource => self.resource = Some(value),
            Key::AnalyzedAt => self.analyzed_at = Some(value),
            Key::FindingDetails | Key::Error => self.has_details |= !is_null,
            _ => {}
        }
    }

    fn head(self, buffer: &[u8]) -> Head<'_> {
        let text = |place: Option<(usize, usize)>| {
            let quoted = std::str::from_utf8(buffer.get(place?.0..place?.1)?).ok()?;
            quoted.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
        };
        let (resource, analyzed_at) = (text(self.resource), text(self.analyzed_at));
        Head { resource, analyzed_at, has_details: self.has_details }
    }
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count()
}

impl<'p, R: Read> Stream<'p, R> {
    pub(super) fn new(path: &'p str, input: R) -> Self {
        Self { path, input, buffer: Vec::new(), at: 0, ended: false, line: 1, column: 1 }
    }

    /// Hands each value to `take`, in order.
    pub(super) fn each(&mut self, take: Take<'_>) -> Result<(), Error> {
        let mut is_empty = true;
        loop {
            self.compact();
            match self.peek()? {
                None if is_empty => return Err(self.wrong("the file is empty")),
                None => return Ok(()),
                Some(b'[') => self.array(1, take)?,
                Some(b'{') => self.object(true, take)?,
                Some(_) => return Err(self.not_an_export()),
            }
            is_empty = false;
        }
    }

    fn not_an_export(&self) -> Error {
        self.wrong("this is no findings export: an object or an array is expected")
    }

    fn array(&mut self, depth: usize, take: Take<'_>) -> Result<(), Error> {
        self.consume(1);
        if self.peek()? == Some(b']') {
            self.consume(1);
            return Ok(());
        }
        loop {
            match self.peek()? {
                Some(b'[') if depth < MAX_ARRAYS => self.array(depth + 1, take)?,
                Some(b'{') => self.object(depth == 1, take)?,
                Some(_) => return Err(self.not_an_export()),
                None => return Err(self.cut_off()),
            }
            match self.peek()? {
                Some(b',') => self.consume(1),
                Some(b']') => {
                    self.consume(1);
                    return Ok(());
                }
                Some(_) => return Err(self.wrong("`,` or `]` is expected")),
                None => return Err(self.cut_off()),
            }
            self.compact();
        }
    }

    /// An object is a value of its own, unless it may hold an array of findings and does: then each item of that is.
    fn object(&mut self, may_hold_findings: bool, take: Take<'_>) -> Result<(), Error> {
        let (line, column) = (self.line, self.column);
        let mut envelope: Option<Vec<u8>> = None;
        let mut places = HeadPlaces::default();
        let mut at = self.skip_space(self.at + 1)?;
        while self.byte(at)? != Some(b'}') {
            let member = self.member(at)?;
            at = if may_hold_findings && member.key == Key::Findings && self.byte(member.value)? == Some(b'[') {
                let envelope = envelope.get_or_insert_default();
                envelope.extend_from_slice(self.buffer.get(self.at..member.value).unwrap_or_default());
                envelope.extend_from_slice(b"[]");
                self.consume(member.value - self.at);
                self.array(2, take)?;
                self.at
            } else {
                let end = self.end_of_value(member.value)?;
                let is_null = self.byte(member.value)? == Some(b'n');
                places.note(member.key, (member.value, end), is_null);
                end
            };
            at = self.next_member(at)?;
        }
        match envelope {
            None => self.hand_on(at + 1, places, take),
            Some(mut envelope) => {
                envelope.extend_from_slice(self.buffer.get(self.at..=at).unwrap_or_default());
                self.consume(at + 1 - self.at);
                take(Item { part: Part::Envelope, bytes: &envelope, head: Head::default(), line, column })
            }
        }
    }

    fn member(&mut self, at: usize) -> Result<Member, Error> {
        if self.byte(at)? != Some(b'"') {
            return Err(self.wrong_at(at, "a key in quotes is expected"));
        }
        let end = self.end_of_value(at)?;
        let key = Key::of_quoted(self.buffer.get(at..end).unwrap_or_default());
        let colon = self.skip_space(end)?;
        if self.byte(colon)? != Some(b':') {
            return Err(self.wrong_at(colon, "`:` is expected"));
        }
        Ok(Member { key, value: self.skip_space(colon + 1)? })
    }

    /// Where the next key is, or the brace that ends the object.
    fn next_member(&mut self, end: usize) -> Result<usize, Error> {
        let at = self.skip_space(end)?;
        match self.byte(at)? {
            Some(b'}') => Ok(at),
            Some(b',') => match self.skip_space(at + 1)? {
                next if self.byte(next)? == Some(b'"') => Ok(next),
                next => Err(self.wrong_at(next, "a key in quotes is expected")),
            },
            Some(_) => Err(self.wrong_at(at, "`,` or `}` is expected")),
            None => Err(self.cut_off()),
        }
    }

    fn hand_on(&mut self, end: usize, places: HeadPlaces, take: Take<'_>) -> Result<(), Error> {
        let bytes = self.buffer.get(self.at..end).unwrap_or_default();
        let head = places.head(&self.buffer);
        take(Item { part: Part::Item, bytes, head, line: self.line, column: self.column })?;
        self.consume(end - self.at);
        Ok(())
    }

    /// Where the value that begins at `from` ends, found by its brackets and quotes alone.
    fn end_of_value(&mut self, from: usize) -> Result<usize, Error> {
        let (mut at, mut nesting) = (from, Nesting::default());
        loop {
            match nesting.end(self.buffer.get(at..).unwrap_or_default()) {
                Progress::Ended(length) => return Ok(at + length),
                Progress::TooDeep(length) => return Err(self.wrong_at(at + length, "brackets nest too deeply")),
                Progress::Unfinished => at = self.buffer.len().max(at),
            }
            if self.byte(at)?.is_none() {
                return Err(self.cut_off());
            }
        }
    }

    /// The next byte that is no white space, everything before it consumed; only where no place of the buffer is held.
    fn peek(&mut self) -> Result<Option<u8>, Error> {
        while let Some(byte) = self.byte(self.at)? {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            if space == 0 {
                return Ok(Some(byte));
            }
            self.consume(space);
            self.compact();
        }
        Ok(None)
    }

    fn skip_space(&mut self, from: usize) -> Result<usize, Error> {
        let mut at = from;
        while self.byte(at)?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            at += 1;
        }
        Ok(at)
    }

    /// The byte at a place of the buffer, which is filled as far; `None` after the end of the file.
    fn byte(&mut self, at: usize) -> Result<Option<u8>, Error> {
        while at >= self.buffer.len() && !self.ended {
            if self.buffer.len() - self.at > MAX_VALUE {
                return Err(self.wrong("this value is larger than 64 MiB"));
            }
            let filled = self.buffer.len();
            self.buffer.resize(filled + filled.clamp(FIRST_CHUNK, CHUNK), 0);
            let read = self.input.read(self.buffer.get_mut(filled..).unwrap_or_default());
            let read = match read {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(None),
                other => other.map(Some),
            };
            let read = read.map_err(|error| {
                Error::new("cannot read the findings").at(self.path, self.line, self.column).because(error)
            })?;
            self.buffer.truncate(filled + read.unwrap_or(0));
            self.ended = read == Some(0);
        }
        Ok(self.buffer.get(at).copied())
    }

    /// Is done with so many bytes; the buffer is moved up only now and then.
    fn consume(&mut self, count: usize) {
        let done = self.buffer.get(self.at..self.at + count).unwrap_or_default();
        match memchr::memrchr(b'\n', done) {
            None => self.column += characters(done),
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', done).count();
                self.column = 1 + characters(done.get(last + 1..).unwrap_or_default());
            }
        }
        self.at += count;
    }

    /// Drops what is consumed; only where no place of the buffer is held.
    fn compact(&mut self) {
        if self.at > CHUNK {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::new(what).at(self.path, self.line, self.column).help(SYNTAX_HELP)
    }

    fn wrong_at(&mut self, at: usize, what: &str) -> Error {
        self.consume(at.saturating_sub(self.at));
        self.wrong(what)
    }

    fn cut_off(&self) -> Error {
        self.wrong("the file ends inside of the value that begins here").help("it was cut off: export it again")
    }
}
