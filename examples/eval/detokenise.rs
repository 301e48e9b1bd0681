//! Tokens back to text as it was published, near enough: most corpora keep no spaces, and the worker never sees
//! text with a space before each comma.

use dateline::article::ByteSpan;

/// What treebanks write instead of brackets and quotes.
fn plain(token: &str) -> &str {
    match token {
        "-LRB-" => "(",
        "-RRB-" => ")",
        "-LSB-" => "[",
        "-RSB-" => "]",
        "-LCB-" => "{",
        "-RCB-" => "}",
        "``" | "''" => "\"",
        _ => token,
    }
}

/// Which quotation marks are open.
#[derive(Debug, Default)]
struct Quotes {
    double: bool,
    single: bool,
}

/// The text of one sentence and where each token stands in it. A full stop after an abbreviation's own is dropped.
pub(crate) fn detokenise<'t>(tokens: impl Iterator<Item = &'t str>) -> (String, Vec<ByteSpan>) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut quotes = Quotes::default();
    let mut glued = true;
    for token in tokens.map(plain) {
        let (left, right) = sides(token, &text, &mut quotes);
        if !glued && !left {
            text.push(' ');
        }
        let start = text.len();
        if !(token == "." && text.ends_with('.')) {
            text.push_str(token);
        }
        spans.push(ByteSpan::new(start, text.len()));
        glued = right;
    }
    (text, spans)
}

/// Whether the token clings to the one before it, and to the one after.
fn sides(token: &str, before: &str, quotes: &mut Quotes) -> (bool, bool) {
    match token {
        "." | "," | ";" | ":" | "!" | "?" | ")" | "]" | "}" | "%" | "\u{2019}" | "\u{201D}" | "..."
        | "\u{2026}" => (true, false),
        "(" | "[" | "{" | "$" | "\u{a3}" | "\u{20ac}" | "\u{201C}" | "\u{2018}" => (false, true),
        "\"" => toggle(&mut quotes.double),
        "'" if !quotes.single && before.ends_with('s') => (true, false),
        "'" => toggle(&mut quotes.single),
        _ => (is_clitic(token), false),
    }
}

fn toggle(open: &mut bool) -> (bool, bool) {
    *open = !*open;
    (!*open, *open)
}

fn is_clitic(token: &str) -> bool {
    let lower = token.to_lowercase().replace('\u{2019}', "'");
    matches!(&*lower, "'s" | "'re" | "'ve" | "'ll" | "'d" | "'m" | "n't")
}
