//! Does a confidence of 0.9 mean that nine of ten are right?

use crate::corpus::Document;
use crate::score::Found;
use crate::score::View;
use crate::score::gold_keys;

/// Upper bounds of the bands, in thousandths.
const BANDS: [u16; 9] = [500, 600, 700, 800, 900, 950, 980, 990, 1000];

/// Prints confidence against precision in bands, and the expected calibration error (mean distance of the two,
/// weighted by the names in each band: Naeini and others, 2015).
pub(crate) fn print(pairs: &[(&Document, &[Found])], view: View) {
    let mut bands = [(0_usize, 0_usize, 0_usize); BANDS.len()];
    for (document, found) in pairs {
        let gold = gold_keys(&document.gold, view);
        for found in *found {
            let Some(kind) = view.name(crate::corpus::Label::Type(found.kind)) else {
                continue;
            };
            let thousandths = found.confidence.thousandths();
            let band = BANDS.partition_point(|bound| *bound < thousandths);
            let Some((names, right, sum)) = bands.get_mut(band) else {
                continue;
            };
            *names += 1;
            *right += usize::from(gold.contains(&(found.field, found.span, kind)));
            *sum += usize::from(thousandths);
        }
    }
    println!("\n| confidence up to | names | mean confidence | precision |\n|---|---|---|---|");
    let (mut all, mut distance) = (0, 0.0);
    for (bound, (names, right, sum)) in BANDS.iter().zip(bands).filter(|(_, band)| band.0 > 0) {
        let (confidence, precision) = (sum as f64 / names as f64 / 1000.0, right as f64 / names as f64);
        let bound = f64::from(*bound) / 1000.0;
        println!("| {bound:.2} | {names} | {confidence:.3} | {precision:.3} |");
        all += names;
        distance += (confidence - precision).abs() * names as f64;
    }
    println!(
        "\nexpected calibration error: {:.3}",
        distance / f64::from(u32::try_from(all.max(1)).unwrap_or(1))
    );
}
