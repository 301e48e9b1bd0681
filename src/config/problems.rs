//! What is wrong with a configuration, all of it at once. Never holds a secret's value.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `kafka.group_id`, an environment variable or a file.
    pub key: String,
    /// What, and what would be right.
    pub message: String,
}

/// Everything that is wrong; as text, one problem a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigProblems {
    problems: Vec<Problem>,
}

impl ConfigProblems {
    /// The problems, in the order found.
    pub fn list(&self) -> &[Problem] {
        &self.problems
    }

    /// True where nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn add(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem {
            key: key.into(),
            message: message.into(),
        });
    }

    pub(super) fn names(&self, key: &str) -> bool {
        self.problems.iter().any(|p| p.key == key)
    }

    /// Adds the problems of `later` whose keys are not known to be wrong already: those would judge a default.
    pub(super) fn add_new(&mut self, later: Self) {
        let new: Vec<_> = later
            .problems
            .into_iter()
            .filter(|p| !self.names(&p.key))
            .collect();
        self.problems.extend(new);
    }

    /// Says which keys came from the environment.
    pub(super) fn name_variables(&mut self, variables: &BTreeMap<String, String>) {
        for problem in &mut self.problems {
            if let Some(variable) = variables.get(&problem.key) {
                problem.key = format!("{} (from {variable})", problem.key);
            }
        }
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(f, "{line_break}{}: {}", problem.key, problem.message)?;
        }
        Ok(())
    }
}

impl Error for ConfigProblems {}
