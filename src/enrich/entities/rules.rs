//! One left-to-right pass over the words of a text: the longest name that a table or a rule reads at each place.
//! Never backtracks, never overlaps.

use std::collections::HashSet;

use crate::article::ByteSpan;
use crate::article::EntityType;
use crate::enrich::entities::gazetteer::Gazetteer;
use crate::enrich::entities::gazetteer::Row;
use crate::enrich::entities::gazetteer::Source;
use crate::enrich::entities::lists::EVENT_LAST;
use crate::enrich::entities::lists::FAC_LAST;
use crate::enrich::entities::lists::GPE_LAST;
use crate::enrich::entities::lists::LOC_FIRST;
use crate::enrich::entities::lists::LOC_LAST;
use crate::enrich::entities::lists::ORG_HEADS;
use crate::enrich::entities::lists::ORG_LAST;
use crate::enrich::entities::lists::PARTICLES;
use crate::enrich::entities::lists::PLACE_BEFORE;
use crate::enrich::entities::lists::PLACE_FORENAMES;
use crate::enrich::entities::lists::ROLES;
use crate::enrich::entities::lists::SHIPS;
use crate::enrich::entities::lists::STORMS;
use crate::enrich::entities::lists::THINGS;
use crate::enrich::entities::lists::TITLES;
use crate::enrich::entities::lists::WORK_LAST;
use crate::enrich::entities::rule::Rule;
use crate::enrich::entities::words::Gap;
use crate::enrich::entities::words::Word;
use crate::enrich::entities::words::is_title_case;
use crate::enrich::entities::words::words;
use crate::enrich::stopwords::is_stopword;
use crate::text::tokens::TokenKind;

/// A name at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'g> {
    pub(super) span: ByteSpan,
    /// Number of its first word.
    pub(super) at: usize,
    /// How many words.
    pub(super) length: usize,
    pub(super) kind: EntityType,
    pub(super) rule: Rule,
    pub(super) row: Option<&'g Row>,
}

/// A text, its words, and whether capitals tell anything in it.
#[derive(Debug)]
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    pub(super) words: Vec<Word<'t>>,
    pub(super) title_case: bool,
    /// Capitalised words that do not open a sentence.
    inside: HashSet<&'t str>,
}

/// Type, rule and number of words of a candidate.
type Candidate = (usize, EntityType, Rule);

impl<'t> Page<'t> {
    /// A page of `text`; only a headline can be in title case.
    pub(super) fn new(text: &'t str, headline: bool) -> Self {
        let words = words(text);
        let inside = words
            .iter()
            .filter(|word| word.capital && !word.opens)
            .map(|word| word.text)
            .collect();
        let title_case = headline && is_title_case(&words);
        Self {
            text,
            words,
            title_case,
            inside,
        }
    }

    /// Every name in the page, in order.
    pub(super) fn names<'g>(&self, gazetteer: &'g Gazetteer) -> Vec<Found<'g>> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < self.words.len() {
            if self.is_ship(at) {
                at = self.run_end(at);
                continue;
            }
            let found = self.best(gazetteer, at);
            let step = match found {
                Some(found) => {
                    out.push(found);
                    found.length
                }
                None => self.doubtful(gazetteer, at),
            };
            at += step.max(1);
        }
        out
    }

    /// True for the name of a ship, which may be a place's or a person's: "the ferry Estonia", "HMS Belfast".
    fn is_ship(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.words.get(at));
        self.words.get(at).is_some_and(Word::continues)
            && before.is_some_and(|word| SHIPS.contains(&word.text))
    }

    /// True where the word before says that a place is meant: "in Osaka".
    pub(super) fn is_place_at(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.words.get(at));
        let spaced = self.words.get(at).is_some_and(|word| word.gap == Gap::Space);
        spaced && before.is_some_and(|word| PLACE_BEFORE.contains(&word.text))
    }

    /// How many words to leave unread: a place name that is rather somebody's forename takes its surname along, one
    /// that is part of a longer name the rest of that.
    fn doubtful(&self, gazetteer: &Gazetteer, at: usize) -> usize {
        if let (Some(first), Some(second)) = (self.words.get(at), self.words.get(at + 1))
            && PLACE_FORENAMES.contains(&first.text)
            && second.continues()
        {
            return 2;
        }
        let known = gazetteer.longest(self.text, &self.words, at);
        match known.filter(|(length, row)| self.is_tail(gazetteer, at, *length, row)) {
            Some((length, _)) if self.words.get(at + length).is_some_and(Word::continues) => length + 1,
            Some((length, _)) => length,
            None => 1,
        }
    }

    fn best<'g>(&self, gazetteer: &'g Gazetteer, at: usize) -> Option<Found<'g>> {
        let word = self.words.get(at)?;
        if word.kind == TokenKind::Possessive {
            return None;
        }
        let known = gazetteer
            .longest(self.text, &self.words, at)
            .filter(|(length, row)| {
                self.trusted(at, *length, row) && !self.is_tail(gazetteer, at, *length, row)
            });
        let known_length = known.map_or(0, |(length, _)| length);
        let by_rule = if self.title_case {
            None
        } else {
            self.by_rule(gazetteer, at)
        };
        let (length, kind, rule, row) = match (by_rule, known) {
            (Some((length, kind, rule)), _) if length > known_length => (length, kind, rule, None),
            (_, Some((length, row))) => (length, row.kind, Rule::Known(row.source), Some(row)),
            _ => return None,
        };
        let end = self.words.get(at + length - 1)?.span.end;
        Some(Found {
            span: ByteSpan::new(word.span.start, end),
            at,
            length,
            kind,
            rule,
            row,
        })
    }

    /// Is a known name safe here?
    fn trusted(&self, at: usize, length: usize, row: &Row) -> bool {
        let Some(word) = self.words.get(at) else {
            return false;
        };
        if length > 1 {
            return true;
        }
        let blind = word.opens || self.title_case;
        if blind && (row.weak || THINGS.contains(&row.name)) && !self.stands_inside(row.name) {
            return false;
        }
        if row.kind == EntityType::Person {
            return true;
        }
        let next = self.words.get(at + 1).filter(|next| next.continues());
        if PLACE_FORENAMES.contains(&row.name) && next.is_some() && !self.title_case {
            return false;
        }
        // "Lake Victoria" or "John Paris": a place right after a capitalised word that is no known name.
        let single_city =
            matches!(row.source, Source::City | Source::Company | Source::Learnt) && !self.title_case;
        let next_unknown = next.is_some_and(|next| !next.all_caps && !is_stopword(next.text));
        !(single_city && next_unknown && matches!(row.source, Source::Company))
    }

    /// Part of a longer name that is not known: "Costa Concordia", "Stuart Lawley", "Boston Celtics".
    fn is_tail(&self, gazetteer: &Gazetteer, at: usize, length: usize, row: &Row) -> bool {
        let strange = |word: &Word<'_>| {
            word.capital
                && word.kind == TokenKind::Word
                && !word.all_caps
                && !word.text.ends_with('.')
                && !is_stopword(word.text)
                && !TITLES.contains(&word.text)
                && !ROLES.contains(&word.text)
                && gazetteer.row(word.text).is_none()
        };
        let single = length == 1;
        if self.title_case {
            return false;
        }
        let word = self.words.get(at).filter(|word| word.gap == Gap::Space);
        let before = at.checked_sub(1).and_then(|at| self.words.get(at));
        let follows = || {
            self.words
                .get(at + length)
                .is_some_and(|next| next.gap == Gap::Space && strange(next))
        };
        match row.source {
            Source::City => {
                let tail = word.is_some() && before.is_some_and(|before| !before.opens && strange(before));
                single && tail || follows()
            }
            Source::Region => follows(),
            Source::Learnt if single && row.kind == EntityType::Person => follows(),
            _ => false,
        }
    }

    /// True where the word also stands inside a sentence, where its capital tells something.
    fn stands_inside(&self, name: &str) -> bool {
        !self.title_case && self.inside.contains(name)
    }

    /// Number of the first word after the capitalised run that starts at `at`.
    fn run_end(&self, at: usize) -> usize {
        let rest = self.words.get(at + 1..).unwrap_or_default();
        let goes_on = |word: &&Word<'_>| word.continues() && word.text != "A";
        at + 1 + rest.iter().take(7).take_while(goes_on).count()
    }

    fn by_rule(&self, gazetteer: &Gazetteer, at: usize) -> Option<Candidate> {
        let word = self.words.get(at)?;
        if !word.capital || word.kind != TokenKind::Word || is_stopword(word.text) {
            return None;
        }
        let end = self.run_end(at);
        let person = self.person(gazetteer, at, end);
        let thing = self.thing(gazetteer, at, end);
        match (person, thing) {
            (Some(person), Some(thing)) if person.0 > thing.0 => Some(person),
            (person, thing) => thing.or(person),
        }
    }

    fn thing(&self, gazetteer: &Gazetteer, at: usize, end: usize) -> Option<Candidate> {
        let first = self.words.get(at)?;
        if (STORMS.contains(&first.text) || LOC_FIRST.contains(&first.text)) && end > at + 1 {
            let rule = if STORMS.contains(&first.text) {
                (EntityType::Event, Rule::Event)
            } else {
                (EntityType::Loc, Rule::Loc)
            };
            return Some((2, rule.0, rule.1));
        }
        if first.text == "Tropical" && end > at + 2 {
            let storm = self
                .words
                .get(at + 1)
                .is_some_and(|word| STORMS.contains(&word.text));
            return storm.then_some((3, EntityType::Event, Rule::Event));
        }
        if let Some(length) = self.head_of(at, at) {
            return Some((length, EntityType::Org, Rule::OrgOf));
        }
        // "Democrat-controlled Senate": the name comes after.
        let describes = ["-backed", "-based", "-controlled", "-led", "-run"];
        if TITLES.contains(&first.text) || describes.iter().any(|end| first.text.ends_with(end)) {
            return None;
        }
        let opening_role =
            first.opens && gazetteer.row(first.text).is_none_or(|row| row.weak) && end == at + 2;
        for last in (at + 1..end).rev() {
            let word = self.words.get(last)?.text;
            let is = |list: &[&str]| list.contains(&word);
            let (kind, rule) = if is(ORG_LAST) {
                (EntityType::Org, Rule::OrgLast)
            } else if is(FAC_LAST) {
                (EntityType::Fac, Rule::Fac)
            } else if is(LOC_LAST) {
                (EntityType::Loc, Rule::Loc)
            } else if is(GPE_LAST) {
                (EntityType::Gpe, Rule::Province)
            } else if is(EVENT_LAST) {
                (EntityType::Event, Rule::Event)
            } else if is(WORK_LAST) {
                (EntityType::Work, Rule::Work)
            } else {
                continue;
            };
            // "Internet Corporation for Assigned Names and Numbers": where it ends is not sure.
            let goes_on = |at: usize, word: &str| {
                self.words
                    .get(at)
                    .is_some_and(|next| next.gap == Gap::Space && next.text == word)
                    && self.words.get(at + 1).is_some_and(Word::continues)
            };
            let begun = rule == Rule::OrgLast && self.begun(gazetteer, at);
            if begun || rule == Rule::OrgLast && goes_on(last + 1, "for") && !ORG_HEADS.contains(&word) {
                return None;
            }
            if let Some(length) = self.head_of(at, last).filter(|_| rule == Rule::OrgLast) {
                return Some((length, kind, Rule::OrgOf));
            }
            return (!opening_role || rule == Rule::OrgLast).then_some((last + 1 - at, kind, rule));
        }
        None
    }

    /// True where a name has begun before `at`: the "Agriculture Organization" of "Food and Agriculture Organization".
    fn begun(&self, gazetteer: &Gazetteer, at: usize) -> bool {
        let (Some(and), Some(before)) = (at.checked_sub(1), at.checked_sub(2)) else {
            return false;
        };
        let joined = |at: usize| self.words.get(at).is_some_and(|word| word.gap == Gap::Space);
        joined(at)
            && joined(and)
            && self.words.get(and).is_some_and(|word| word.text == "and")
            && self
                .words
                .get(before)
                .is_some_and(|word| word.capital && !word.opens && gazetteer.row(word.text).is_none())
    }

    /// Words from `at` where the word `head` opens "of" or "for" and a capitalised rest: "Ministry of Health".
    fn head_of(&self, at: usize, head: usize) -> Option<usize> {
        let word = self.words.get(head)?;
        let of = self.words.get(head + 1)?;
        if !ORG_HEADS.contains(&word.text) || of.gap != Gap::Space || !matches!(of.text, "of" | "for" | "on")
        {
            return None;
        }
        let mut next = head + 2;
        if self
            .words
            .get(next)
            .is_some_and(|word| word.text == "the" && word.gap == Gap::Space)
        {
            next += 1;
        }
        self.words
            .get(next)
            .filter(|word| word.continues() && !is_stopword(word.text))?;
        let mut end = self.run_end(next);
        // "Ministry of Health and Welfare"
        let and = self
            .words
            .get(end)
            .is_some_and(|word| word.text == "and" && word.gap == Gap::Space);
        if and
            && (matches!(word.text, "Ministry" | "Department") || of.text == "for")
            && self.words.get(end + 1).is_some_and(Word::continues)
        {
            end = self.run_end(end + 1);
        }
        // "Committee on Standards of Official Conduct"
        let of = self
            .words
            .get(end)
            .is_some_and(|word| word.text == "of" && word.gap == Gap::Space);
        if of && self.words.get(end + 1).is_some_and(Word::continues) {
            end = self.run_end(end + 1);
        }
        Some(end - at)
    }

    fn person(&self, gazetteer: &Gazetteer, at: usize, end: usize) -> Option<Candidate> {
        let first = self.words.get(at)?;
        let before = at
            .checked_sub(1)
            .and_then(|at| self.words.get(at))
            .filter(|_| first.gap == Gap::Space);
        // "St. Louis Cardinals".
        let saint = before.is_some_and(|word| matches!(word.text, "St." | "St" | "Saint" | "San" | "Santa"));
        if saint
            || TITLES.contains(&first.text)
            || ROLES.contains(&first.text)
            || first.all_caps && !first.text.contains('.')
        {
            return None;
        }
        let length = self.person_length(gazetteer, at, end);
        let title = before.is_some_and(|word| TITLES.contains(&word.text));
        let known = gazetteer.row(first.text);
        let other = known.is_some_and(|row| row.kind != EntityType::Person);
        let thing = length < 2
            && [ORG_LAST, EVENT_LAST, WORK_LAST]
                .iter()
                .any(|list| list.contains(&first.text));
        if title && !thing && !(other && length < 2) && known.is_none_or(|row| row.kind != EntityType::Norp) {
            return Some((length, EntityType::Person, Rule::Title));
        }
        if length < 2 {
            return None;
        }
        let forename = gazetteer.is_forename(first.text);
        if forename {
            return Some((length, EntityType::Person, Rule::Forename));
        }
        let jordan = self.words.get(at + length).is_some_and(Word::continues);
        if other || jordan || first.opens {
            return None;
        }
        if before.is_some_and(|word| ROLES.contains(&word.text)) {
            return Some((length, EntityType::Person, Rule::Role));
        }
        let age = self.words.get(at + length)?;
        let years = age.kind == TokenKind::Number && age.gap == Gap::Comma && age.text.len() == 2;
        let closed = self
            .text
            .get(age.span.end..)
            .is_some_and(|rest| rest.starts_with([',', '.', ' ']));
        (years && closed).then_some((length, EntityType::Person, Rule::Age))
    }

    /// How many words of the run, with particles inside, make a person's name.
    fn person_length(&self, gazetteer: &Gazetteer, at: usize, end: usize) -> usize {
        let mut next = at + 1;
        let mut parts = 1;
        while parts < 4 && next < self.words.len() {
            let Some(word) = self.words.get(next) else { break };
            if next < end || word.continues() {
                let alien = gazetteer.row(word.text).is_some_and(|row| {
                    matches!(row.kind, EntityType::Norp | EntityType::Org) && row.source != Source::Company
                });
                let month = || {
                    self.words
                        .get(next + 1)
                        .is_some_and(|next| next.kind == TokenKind::Number)
                };
                let stops = is_stopword(word.text) && (word.text != "May" || month());
                if !word.continues() || alien || stops || TITLES.contains(&word.text) {
                    break;
                }
                next += 1;
                parts += 1;
                continue;
            }
            let particle = word.gap == Gap::Space && PARTICLES.contains(&word.text);
            let arabic =
                word.gap == Gap::Space && (word.text.starts_with("al-") || word.text.starts_with("el-"));
            if arabic {
                next += 1;
                parts += 1;
            } else if particle && self.words.get(next + 1).is_some_and(Word::continues) {
                next += 2;
                parts += 1;
            } else {
                break;
            }
        }
        next - at
    }
}
