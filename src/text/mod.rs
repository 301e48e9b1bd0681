//! What can be read off plain text without a model: words, sentences, language, times, the dateline; and the cleaning
//! before it. Pure and linear in the text; never knows what becomes of an article.

pub mod abbreviations;
pub mod byline;
pub mod calendar;
pub mod clean;
pub mod dateline;
pub mod english;
pub mod html;
pub mod language;
pub mod sentences;
pub mod time;
pub mod tokens;
pub mod words;
