//! What few numbers allow to say. Deliberately absent: anything that needs more than counts.

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_985;
/// Below this lower end of its interval a perfect score says nothing.
const WORTH_SAYING: f64 = 0.7;

/// The interval of Wilson at 95 % for `is` of `of`: it stays within 0 and 1 and holds for few numbers, too.
pub fn wilson(is: usize, of: usize) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    let (share, count) = (ratio(is, of), number(of));
    let squared = Z * Z;
    let denominator = 1.0 + squared / count;
    let centre = share + squared / (2.0 * count);
    let spread = Z * (share * (1.0 - share) / count + squared / (4.0 * count * count)).sqrt();
    let bound = |value: f64| (value / denominator).clamp(0.0, 1.0);
    // At the ends rounding must not take away what is certain.
    let low = if is == 0 { 0.0 } else { bound(centre - spread) };
    let high = if is == of {
        1.0
    } else {
        bound(centre + spread)
    };
    (low, high)
}

/// How many examples there must be before all of them being right says anything.
pub fn fewest() -> usize {
    (1..1000)
        .find(|count| wilson(*count, *count).0 >= WORTH_SAYING)
        .unwrap_or(1000)
}

/// The exact test of McNemar: how likely it is that of two that are equally good one alone is right so much more often
/// than the other. 1 when they are never right alone.
pub fn mcnemar(one: usize, other: usize) -> f64 {
    let count = one + other;
    let fewer = one.min(other);
    let mut sum = 0.0;
    // The logarithm of a binomial coefficient times one half to the power of `count`.
    let mut term = -number(count) * std::f64::consts::LN_2;
    for chosen in 0..=fewer {
        sum += term.exp();
        term += (number(count - chosen) / number(chosen + 1)).ln();
    }
    (2.0 * sum).min(1.0)
}

/// The value below which a share of the values lies (the nearest rank).
pub fn quantile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let wanted = share * number(sorted.len());
    let rank = (0..sorted.len()).find(|rank| number(rank + 1) >= wanted)?;
    sorted.get(rank).copied()
}

/// `is` of `of`; 0 of none.
pub fn ratio(is: usize, of: usize) -> f64 {
    if of == 0 {
        0.0
    } else {
        number(is) / number(of)
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 examples")]
fn number(count: usize) -> f64 {
    count as f64
}
