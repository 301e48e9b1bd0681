//! Float functions that give the same bits on every machine: only IEEE additions, multiplications, divisions and roots,
//! never fused, sums in one fixed order.

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

    #[test]
    fn functions_are_close_to_the_true_ones() {
        for step in -8000..=8000 {
            let x = step as f32 / 100.0;
            let error = (f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs();
            assert!(error < 2e-7, "exp {x}: {error}");
            let positive = x + 80.001;
            let error = (f64::from(ln(positive)) - f64::from(positive).ln()).abs();
            assert!(error < 5e-7, "ln {positive}: {error}");
        }
        assert!(exp(-1000.0) < 1e-30 && exp(1000.0).is_finite() && exp(0.0) == 1.0);
    }

    #[test]
    fn probabilities_add_up() {
        let mut logits = [1.0, 2.0, -3.0];
        log_softmax(&mut logits);
        assert!((logits.iter().map(|l| l.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((logits[1] - logits[0] - 1.0).abs() < 1e-6);
    }
}
