//! What the words can hold.

use super::*;
use crate::geometry::Span;
use core::time::Duration;

#[test]
fn twice_the_largest_sum_fits_as_a_debt() {
    for micros in [20, 1_000, 100_000, 1_000_000, 86_400_000_000] {
        let span = Span::new(Duration::from_micros(micros), 10).expect("a valid span");
        let geometry = Geometry::new(&[span]).expect("a valid geometry");
        for life in [Life::TwentyYears, Life::Endless] {
            let Some(layout) = Layout::new(&geometry, 1 << 60, life) else {
                continue;
            };
            let most = i64::try_from(layout.largest()).expect("far below");
            for remaining in [most, 0, -1, 1 - 2 * most] {
                let word = layout.live(7, remaining);
                assert_eq!(
                    (layout.remaining(word), layout.tag(word)),
                    (remaining, 7),
                    "{micros} {life:?}"
                );
            }
            assert_eq!(layout.difference(layout.moved(5, 2 * most), 5), 2 * most);
        }
    }
}
