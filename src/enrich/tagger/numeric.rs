//! Float functions that give the same bits on every machine: only IEEE additions, multiplications, divisions and roots,
//! never fused, sums in one fixed order of `LANES`. Written in loops that compilers turn into vector instructions.

/// Partial sums that every sum over a row is made of, whatever the machine's vectors hold.
pub(super) const LANES: usize = 16;

/// Adding this to a float below 2^22 rounds it to the nearest integer, even for ties, in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The natural exponent to within 2e-7 (relative), from -80 to 80; beyond, that of the bound. Range reduction after
/// Cody and Waite (1980), then the Taylor series to the seventh power.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = if x > -80.0 { x } else { -80.0 };
    let x = if x < 80.0 { x } else { 80.0 };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// The natural logarithm of a positive normal number, to within 3e-7: exponent apart, then the series of artanh.
pub(super) fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    // The mantissa goes to between 0.75 and 1.5, so that the series is short.
    let raised = bits.wrapping_sub(0x3F40_0000);
    let exponent = (raised as i32) >> 23;
    let mantissa = f32::from_bits((raised & 0x007F_FFFF).wrapping_add(0x3F40_0000));
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let u = t * t;
    let series =
        1.0 + u * (1.0 / 3.0 + u * (1.0 / 5.0 + u * (1.0 / 7.0 + u * (1.0 / 9.0 + u * (1.0 / 11.0)))));
    exponent as f32 * std::f32::consts::LN_2 + 2.0 * t * series
}

/// x times the normal distribution function of x (Hendrycks and Gimpel 2016), to within 3e-6 where |x| < 4 and 3e-5
/// where |x| < 8. The odd polynomial is a least-squares fit in the squared argument, on Chebyshev nodes up to 4.5.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    const FIT: [f32; 11] = [
        7.972_686e-4,
        -2.251_167_8e-3,
        3.131_550_5e-3,
        -5.430_273e-3,
        1.111_415_6e-2,
        -1.890_295_2e-2,
        2.838_619_6e-2,
        -4.013_747_7e-2,
        5.469_015_6e-2,
        -7.719_208e-2,
        1.569_051_1e-1,
    ];
    let z = if x > -4.5 { x } else { -4.5 };
    let z = if z < 4.5 { z } else { 4.5 };
    let w = z * z * (2.0 / (4.5 * 4.5)) - 1.0;
    let mut fit = FIT[0];
    for coefficient in &FIT[1..] {
        fit = fit * w + coefficient;
    }
    x * (0.5 + z * fit)
}

/// The sum of a row, by lanes. A row's length is a multiple of `LANES`.
#[inline(always)]
pub(super) fn sum(row: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for chunk in row.chunks_exact(LANES) {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    fold(lanes, |a, b| a + b)
}

/// The sum of the products of two rows, by lanes.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    fold(lanes, |a, b| a + b)
}

/// The least and the greatest of a row and 0.
#[inline(always)]
pub(super) fn range(row: &[f32]) -> (f32, f32) {
    let (mut low, mut high) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    for chunk in row.chunks_exact(LANES) {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(chunk) {
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
        }
    }
    let (least, greatest) = (
        |a: f32, b: f32| if b < a { b } else { a },
        |a: f32, b: f32| if b > a { b } else { a },
    );
    (fold(low, least), fold(high, greatest))
}

/// Halves the lanes until one is left.
#[inline(always)]
fn fold(mut lanes: [f32; LANES], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] = join(lanes[lane], lanes[lane + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Layer normalisation (Ba, Kiros and Hinton 2016) of a row in place: to mean 0 and variance 1, then scaled and moved.
#[inline(always)]
pub(super) fn layer_norm(row: &mut [f32], scale: &[f32], shift: &[f32]) {
    /// BERT's.
    const EPSILON: f32 = 1e-12;
    let count = row.len() as f32;
    let mean = sum(row) / count;
    for value in row.iter_mut() {
        *value -= mean;
    }
    let variance = dot(row, row) / count;
    let factor = 1.0 / (variance + EPSILON).sqrt();
    for ((value, scale), shift) in row.iter_mut().zip(scale).zip(shift) {
        *value = *value * factor * scale + shift;
    }
}

/// The nearest integer of a float between -2^15 and 2^15, even for ties.
#[inline(always)]
pub(super) fn round(x: f32) -> i16 {
    (x + ROUND).to_bits() as i16
}

/// Logits to the logarithms of their softmax, in place.
pub(super) fn log_softmax(logits: &mut [f32]) {
    let greatest = logits
        .iter()
        .copied()
        .fold(f32::MIN, |a, b| if b > a { b } else { a });
    let total = logits
        .iter()
        .map(|logit| exp(logit - greatest))
        .fold(0.0, |a, b| a + b);
    let norm = greatest + ln(total);
    for logit in logits {
        *logit -= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error function by its Maclaurin series, in double precision.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            let n = f64::from(n);
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        (sum * 2.0 / std::f64::consts::PI.sqrt()).clamp(-1.0, 1.0)
    }

    #[test]
    fn functions_are_close_to_the_true_ones() {
        for step in -8000..=8000 {
            let x = step as f32 / 1000.0;
            let wide = f64::from(x);
            let error = (f64::from(exp(x * 10.0)) / (f64::from(x * 10.0)).exp() - 1.0).abs();
            assert!(error < 2e-7 || x.abs() >= 8.0, "exp {x}: {error}");
            let normal = 0.5
                * (1.0
                    + if wide.abs() < 5.0 {
                        erf(wide / 2_f64.sqrt())
                    } else {
                        wide.signum()
                    });
            let error = (f64::from(gelu(x)) - wide * normal).abs();
            assert!(
                error < if x.abs() < 4.0 { 3e-6 } else { 3e-5 },
                "gelu {x}: {error}"
            );
            let positive = x + 8.001;
            let error = (f64::from(ln(positive)) - f64::from(positive).ln()).abs();
            assert!(error < 3e-7, "ln {positive}: {error}");
        }
        assert!(ln(19.0 * 1e10) > 25.0 && exp(-1000.0) < 1e-30 && exp(1000.0).is_finite() && exp(0.0) == 1.0);
    }

    #[test]
    fn rows_are_reduced_in_full() {
        let row: Vec<f32> = (0..64).map(|i| (i as f32 - 20.0) / 4.0).collect();
        assert_eq!(sum(&row), row.iter().sum::<f32>());
        assert_eq!(range(&row), (-5.0, 10.75));
        assert_eq!(dot(&row, &row), row.iter().map(|x| x * x).sum::<f32>());
        for (x, nearest) in [
            (0.4, 0),
            (-0.6, -1),
            (2.5, 2),
            (3.5, 4),
            (-32000.2, -32000),
            (8191.0, 8191),
        ] {
            assert_eq!(round(x), nearest, "{x}");
        }
    }

    #[test]
    fn norms() {
        let mut row: Vec<f32> = (0..32).map(|i| i as f32).collect();
        layer_norm(&mut row, &[2.0; 32], &[1.0; 32]);
        let mean = row.iter().sum::<f32>() / 32.0;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 32.0;
        assert!((mean - 1.0).abs() < 1e-5 && (variance - 4.0).abs() < 1e-4);
        let mut logits = [1.0, 2.0, -3.0];
        log_softmax(&mut logits);
        assert!((logits.iter().map(|l| l.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((logits[1] - logits[0] - 1.0).abs() < 1e-6);
    }
}
