//! How words stand in the text of a language: how rare they are, and whether as part of a noun phrase. English's are
//! counted by `scripts/words.py`. Never sees an article.

use std::collections::HashMap;

use crate::config::models::ModelFile;
use crate::enrich::EnricherError;

/// How one word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// 0 in every second text or more often, each step half as often, to 9.
    pub(super) rare: u8,
    /// Tenths of its places where it ends a noun phrase.
    pub(super) ends: u8,
    /// Tenths of its places that are inside one.
    pub(super) inside: u8,
}

/// The table.
#[derive(Debug)]
pub(super) struct Lexis {
    words: HashMap<&'static str, Standing>,
}

impl Lexis {
    /// Reads a language's table.
    pub(super) fn new(file: ModelFile) -> Result<Self, EnricherError> {
        let broken = |line: usize, problem: &'static str| EnricherError::Table {
            file: file.path.to_owned(),
            line,
            problem,
        };
        let table = std::str::from_utf8(file.bytes).map_err(|_| broken(1, "not UTF-8"))?;
        let words = table.lines().enumerate().map(|(at, line)| {
            let standing = || {
                let mut fields = line.split('\t');
                let word = fields.next()?;
                let mut number = || fields.next()?.parse().ok();
                Some((
                    word,
                    Standing {
                        rare: number()?,
                        ends: number()?,
                        inside: number()?,
                    },
                ))
            };
            standing().ok_or_else(|| broken(at + 1, "not a word and three numbers"))
        });
        Ok(Self {
            words: words.collect::<Result<_, _>>()?,
        })
    }

    /// How a word in lower case stands; one that is known in the singular alone stands like that.
    pub(super) fn find(&self, word: &str) -> Option<Standing> {
        let found = self.exact(word);
        found.or_else(|| self.exact(word.strip_suffix('s')?))
    }

    /// How just this form stands.
    pub(super) fn exact(&self, word: &str) -> Option<Standing> {
        self.words.get(word).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::config::models::WORDS;
    use crate::enrich::english;

    #[test]
    fn nouns_end_phrases_and_verbs_are_in_none() {
        let lexis = Lexis::new(english()[WORDS]).unwrap();
        for noun in ["storm", "weapons", "detainees", "drought", "vehicles"] {
            let standing = lexis.find(noun).unwrap();
            assert!(standing.ends >= 6 && standing.inside >= 6, "{noun} {standing:?}");
        }
        for verb in ["pursue", "recover", "cease"] {
            let standing = lexis.find(verb).unwrap();
            assert!(standing.ends < 4 && standing.inside < 4, "{verb} {standing:?}");
        }
        for adjective in ["nuclear", "economic"] {
            let standing = lexis.find(adjective).unwrap();
            assert!(
                standing.ends < 3 && standing.inside >= 6,
                "{adjective} {standing:?}"
            );
        }
        assert!(lexis.find("people").unwrap().rare < lexis.find("drought").unwrap().rare);
        assert_eq!(
            (
                lexis.find("the"),
                lexis.find("qwertyuiop"),
                lexis.find("s"),
                lexis.find("")
            ),
            (None, None, None, None)
        );
    }
}
