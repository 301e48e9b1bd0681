//! Why a topic is said, or not: the phrases of the article that spoke for and against it, and the encoder. Never
//! changes what is said.

use serde::Serialize;

/// One phrase's part in a topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Voice {
    /// As it stands first in the article.
    pub phrase: String,
    /// What it adds to the topic's log-odds, before calibration; negative where it speaks against it.
    pub weight: f32,
}

/// What spoke for and against one topic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// "medtop:20000424", or the code of an own topic.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Calibrated, 0 to 1.
    pub confidence: f64,
    /// False where it came near and was not sure enough.
    pub said: bool,
    /// What the encoder's view of headline and opening adds to the log-odds; absent where it has none, as with `fast`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening: Option<f32>,
    /// Strongest first.
    pub voices_for: Vec<Voice>,
    /// Strongest first.
    pub voices_against: Vec<Voice>,
}
