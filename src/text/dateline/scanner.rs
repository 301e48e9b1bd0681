//! A place in the head of a text, and small steps forward from it. Copying it is going back; never slices unchecked.

/// Where the parser stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    /// At the start of `text`.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte position in the text.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character, without taking it.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// What lies between `start` and here.
    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The character just before here.
    pub(super) fn previous(&self) -> Option<char> {
        self.text.get(..self.at)?.chars().next_back()
    }

    /// Takes the characters that `wanted` accepts and returns them.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest
            .find(|c| !wanted(c))
            .and_then(|end| rest.get(..end))
            .unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    /// Takes `literal`, if it comes next.
    pub(super) fn take(&mut self, literal: &str) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Takes one of `chars`, if one comes next.
    pub(super) fn take_any(&mut self, chars: &[char]) -> Option<char> {
        let next = self.peek().filter(|c| chars.contains(c))?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Takes blanks but no line feed; true if there were any.
    pub(super) fn blanks(&mut self) -> bool {
        !self.take_while(|c| c.is_whitespace() && c != '\n').is_empty()
    }

    /// Past blanks.
    pub(super) fn past_blanks(mut self) -> Self {
        self.blanks();
        self
    }
}
