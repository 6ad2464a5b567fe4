//! Bytes → the JSON values that may be findings, one at a time, so that memory grows with one value and not the file.
//!
//! Those are the values that follow one another at the top, the items of an array there, and the items of an array
//! under a key like `findings`. Nothing is built here: a value is handed on as its bytes, found by its brackets.

use std::io::Read;

use super::element::Key;
use crate::error::Error;

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;

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
    line: usize,
    column: usize,
}

impl Item<'_> {
    /// An error at a place of the value, as a parser of its bytes counts: lines from 1, columns in bytes.
    pub(super) fn error(&self, path: &str, error: &serde_json::Error) -> Error {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let rest = self.bytes.split(|&byte| byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let before = rest.get(..error.column().saturating_sub(1).min(rest.len())).unwrap_or_default();
        let column = characters(before) + if error.line() <= 1 { self.column } else { 1 };
        Error::new(message).at(path, self.line + error.line().saturating_sub(1), column)
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
    pub(super) fn each(&mut self, take: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        loop {
            self.compact();
            match self.peek()? {
                None => return Ok(()),
                Some(b'[') => self.array(1, take)?,
                Some(b'{') => self.object(take)?,
                Some(_) => return Err(self.not_an_export()),
            }
        }
    }

    fn not_an_export(&self) -> Error {
        self.wrong("this is no findings export: an object or an array is expected")
    }

    fn array(&mut self, depth: usize, take: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.consume(1);
        if self.peek()? == Some(b']') {
            self.consume(1);
            return Ok(());
        }
        loop {
            match self.peek()? {
                Some(b'[') if depth < MAX_ARRAYS => self.array(depth + 1, take)?,
                Some(b'{') if depth == 1 => self.object(take)?,
                Some(b'{') => self.value(take)?,
                Some(_) => return Err(self.not_an_export()),
                None => return Err(self.cut_off()),
            }
            match self.peek()? {
                Some(b',') => {
                    self.consume(1);
                    self.compact();
                }
                Some(b']') => {
                    self.consume(1);
                    return Ok(());
                }
                Some(_) => return Err(self.wrong("`,` or `]` is expected")),
                None => return Err(self.cut_off()),
            }
        }
    }

    fn value(&mut self, take: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let end = self.end_of_value(self.at)?;
        self.hand_on(end, take)
    }

    fn hand_on(&mut self, end: usize, take: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let bytes = self.buffer.get(self.at..end).unwrap_or_default();
        take(Item { part: Part::Item, bytes, line: self.line, column: self.column })?;
        self.consume(end - self.at);
        Ok(())
    }

    /// An object is a value of its own, unless it has an array of findings: then each of its items is one.
    fn object(&mut self, take: &mut dyn FnMut(Item<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let (line, column) = (self.line, self.column);
        let mut envelope: Option<Vec<u8>> = None;
        let mut at = self.skip_space(self.at + 1)?;
        if self.byte(at)? == Some(b'}') {
            return self.hand_on(at + 1, take);
        }
        loop {
            if self.byte(at)? != Some(b'"') {
                return Err(self.wrong_at(at, "a key in quotes is expected"));
            }
            let key_end = self.end_of_string(at)?;
            let key = Key::of_quoted(self.buffer.get(at..key_end).unwrap_or_default());
            let colon = self.skip_space(key_end)?;
            if self.byte(colon)? != Some(b':') {
                return Err(self.wrong_at(colon, "`:` is expected"));
            }
            let value = self.skip_space(colon + 1)?;
            let mut end = value;
            if key == Key::Findings
                && self.byte(value)? == Some(b'[')
                && envelope.as_ref().is_none_or(|e| e.len() < MAX_VALUE)
            {
                let head = self.buffer.get(self.at..value).unwrap_or_default();
                let envelope = envelope.get_or_insert_default();
                envelope.extend_from_slice(head);
                envelope.extend_from_slice(b"[]");
                self.consume(value - self.at);
                self.array(2, take)?;
                end = self.at;
            } else {
                end = self.end_of_value(end)?;
            }
            at = self.skip_space(end)?;
            match self.byte(at)? {
                Some(b',') => at = self.skip_space(at + 1)?,
                Some(b'}') => break,
                Some(_) => return Err(self.wrong_at(at, "`,` or `}` is expected")),
                None => return Err(self.cut_off()),
            }
        }
        let Some(mut envelope) = envelope else { return self.hand_on(at + 1, take) };
        envelope.extend_from_slice(self.buffer.get(self.at..=at).unwrap_or_default());
        self.consume(at + 1 - self.at);
        take(Item { part: Part::Envelope, bytes: &envelope, line, column })
    }

    /// Where the value that begins at `from` ends, found by its brackets and quotes alone.
    fn end_of_value(&mut self, from: usize) -> Result<usize, Error> {
        let (mut at, mut depth) = (from, 0_usize);
        loop {
            let Some(byte) = self.byte(at)? else { return Err(self.cut_off()) };
            match byte {
                b'"' => at = self.end_of_string(at)?,
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                    if depth > MAX_DEPTH {
                        return Err(self.wrong_at(at - 1, "brackets nest too deeply"));
                    }
                }
                b'}' | b']' => {
                    let Some(outer) = depth.checked_sub(1) else { return Ok(at) };
                    depth = outer;
                    at += 1;
                }
                b',' if depth == 0 => return Ok(at),
                _ => at = self.end_of_plain(at + 1),
            }
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                return Ok(at);
            }
        }
    }

    /// Passes over what is in the buffer and neither a bracket nor a quote nor a comma.
    fn end_of_plain(&self, from: usize) -> usize {
        let rest = self.buffer.get(from..).unwrap_or_default();
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b','));
        from + length.unwrap_or(rest.len())
    }

    /// Where the string that begins at `from` ends, after its quote.
    fn end_of_string(&mut self, from: usize) -> Result<usize, Error> {
        let mut at = from + 1;
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            match memchr::memchr2(b'"', b'\\', rest) {
                Some(offset) if rest.get(offset) == Some(&b'"') => return Ok(at + offset + 1),
                Some(offset) => {
                    at += offset + 2;
                    self.byte(at)?;
                }
                None => {
                    at = self.buffer.len();
                    if self.byte(at)?.is_none() {
                        return Err(self.cut_off());
                    }
                }
            }
        }
    }

    /// The next byte that is no white space, everything before it consumed.
    fn peek(&mut self) -> Result<Option<u8>, Error> {
        let at = self.skip_space(self.at)?;
        self.consume(at - self.at);
        self.byte(self.at)
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
            self.buffer.resize(filled + CHUNK, 0);
            let read = self.input.read(self.buffer.get_mut(filled..).unwrap_or_default());
            let read = match read {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(None),
                other => other.map(Some),
            };
            let read =
                read.map_err(|error| Error::new("cannot read the findings").in_file(self.path).because(error))?;
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
        Error::new(what).at(self.path, self.line, self.column)
    }

    fn wrong_at(&mut self, at: usize, what: &str) -> Error {
        self.consume(at.saturating_sub(self.at));
        self.wrong(what)
    }

    fn cut_off(&self) -> Error {
        self.wrong("the file ends inside of the value that begins here").help("it was cut off: export it again")
    }
}
