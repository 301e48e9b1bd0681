//! Section `[names]`: which recogniser finds names. Plain data; never finds one.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// Which recogniser finds the names of people, bodies, places and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NamesConfig {
    /// `fast`, `accurate` (some 50 times the work) or `cascade`: `fast`, and `accurate` where that is unsure.
    pub model: NamesModel,
    /// `cascade`: a sentence is unsure where some token's best tag is less than so many nats above the next; 0 to 20.
    #[schemars(range(min = 0.0, max = 20.0))]
    pub cascade_margin: f64,
}

impl Default for NamesConfig {
    fn default() -> Self {
        Self {
            model: NamesModel::default(),
            cascade_margin: 1.25,
        }
    }
}

/// A recogniser of names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamesModel {
    /// Hashed features and a small network.
    Fast,
    /// The encoder.
    Accurate,
    /// The encoder where the fast one is unsure.
    #[default]
    Cascade,
}
