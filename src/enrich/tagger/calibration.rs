//! A model's own scores as honest probabilities, by a table measured on held-out text. Plain data.

/// A rising, piecewise linear map from raw score to probability, flat beyond its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    points: Vec<(f32, f32)>,
}

impl Calibration {
    /// From points (raw score, probability). `None` unless there is one at least, raw scores rise, probabilities do
    /// not fall and lie within 0 and 1.
    pub fn new(points: &[(f32, f32)]) -> Option<Self> {
        let fits = |(raw, probability): &(f32, f32)| raw.is_finite() && (0.0..=1.0).contains(probability);
        let rises = |pair: &[(f32, f32)]| matches!(pair, [a, b] if a.0 < b.0 && a.1 <= b.1);
        let valid = !points.is_empty() && points.iter().all(fits) && points.windows(2).all(rises);
        valid.then(|| Self {
            points: points.to_vec(),
        })
    }

    /// The probability for a raw score; that of the lowest point for what is no number.
    pub fn probability(&self, raw: f32) -> f32 {
        let above = self.points.partition_point(|point| point.0 <= raw);
        let before = above.checked_sub(1).and_then(|at| self.points.get(at));
        match (before, self.points.get(above)) {
            (Some(low), Some(high)) => low.1 + (high.1 - low.1) * ((raw - low.0) / (high.0 - low.0)),
            (Some(only), None) | (None, Some(only)) => only.1,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolates_and_stays_flat_beyond_the_ends() {
        let table = Calibration::new(&[(-2.0, 0.1), (-1.0, 0.5), (0.0, 0.9)]).unwrap();
        for (raw, expected) in [
            (-9.0, 0.1),
            (-2.0, 0.1),
            (-1.5, 0.3),
            (-1.0, 0.5),
            (-0.5, 0.7),
            (0.0, 0.9),
            (3.0, 0.9),
            (f32::NEG_INFINITY, 0.1),
            (f32::INFINITY, 0.9),
            (f32::NAN, 0.1),
        ] {
            assert!((table.probability(raw) - expected).abs() < 1e-6, "{raw}");
        }
    }

    #[test]
    fn refuses_what_is_no_rising_table() {
        for bad in [
            &[][..],
            &[(0.0, 0.5), (0.0, 0.6)],
            &[(0.0, 0.5), (-1.0, 0.6)],
            &[(0.0, 0.5), (1.0, 0.4)],
            &[(0.0, 1.5)],
            &[(f32::NAN, 0.5)],
        ] {
            assert_eq!(Calibration::new(bad), None, "{bad:?}");
        }
    }
}
