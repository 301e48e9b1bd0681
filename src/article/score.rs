//! Confidence, salience and relevance as whole thousandths, so that every machine writes the same digits.

/// A number from 0 to 1 with three decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u16);

impl Score {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Certainty.
    pub const ONE: Self = Self(1000);

    /// From thousandths; above 1000 becomes 1000.
    pub const fn from_thousandths(thousandths: u16) -> Self {
        if thousandths > 1000 {
            Self(1000)
        } else {
            Self(thousandths)
        }
    }

    /// From a float, clamped and rounded to three decimals; not-a-number becomes 0.
    pub fn from_f32(value: f32) -> Self {
        // A float-to-integer `as` saturates and maps not-a-number to 0.
        Self((value.clamp(0.0, 1.0) * 1000.0).round() as u16)
    }

    /// Thousandths, 0 to 1000.
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// As a float, for encoding.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clamps_and_rounds() {
        for (value, thousandths) in [
            (0.0, 0),
            (1.0, 1000),
            (0.12345, 123),
            (0.9996, 1000),
            (-3.0, 0),
            (7.0, 1000),
            (f32::NAN, 0),
        ] {
            assert_eq!(Score::from_f32(value).thousandths(), thousandths, "{value}");
        }
        assert_eq!(Score::from_thousandths(2000), Score::ONE);
    }
}
