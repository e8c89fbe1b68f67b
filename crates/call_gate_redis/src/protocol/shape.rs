//! A gate's shape: its spans in the numbers that the script counts with.

use call_gate_core::{ConfigError, ConfigErrorKind, Geometry};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Words, words};

/// One span: its step in base steps, and how many of its frames the window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) ratio: u64,
    pub(crate) frames: u64,
}

/// What two handles must agree on to share a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The base step in microseconds.
    base: u64,
    spans: Vec<Size>,
}

impl Shape {
    /// The shape of `geometry`.
    ///
    /// # Errors
    /// A step that is not a whole number of microseconds, which is what servers count time in, or a window so long that
    /// its end is past what the script can count.
    pub(crate) fn new(geometry: &Geometry) -> Result<Self, ConfigError> {
        let base = geometry.base_step();
        let nanos = base.as_nanos();
        if !nanos.is_multiple_of(1_000) {
            return Err(ConfigError::new(
                ConfigErrorKind::Unsupported,
                format_args!(
                    "frame_step of {base:?} must be a whole number of microseconds, which is what a Redis server counts in"
                ),
            ));
        }
        let mut spans: Vec<Size> = geometry
            .spans()
            .iter()
            .map(|span| Size {
                ratio: u64::try_from(span.step().as_nanos() / nanos.max(1)).unwrap_or(u64::MAX),
                frames: span.frames(),
            })
            .collect();
        if spans.iter().all(|size| size.ratio > 1) {
            // what the current base frame holds needs a place of its own
            spans.push(Size {
                ratio: 1,
                frames: 1,
            });
        }
        let shape = Self {
            base: u64::try_from(nanos / 1_000).unwrap_or(u64::MAX),
            spans,
        };
        // twice: to the end of the window from now, and what a clock may be behind
        if shape.longest() > LONGEST {
            return Err(ConfigError::new(
                ConfigErrorKind::Unsupported,
                format_args!(
                    "a window of {:?} must not be longer than {LONGEST:?}, or a Redis server could not count to its end",
                    shape.longest()
                ),
            ));
        }
        Ok(shape)
    }

    /// The longest window.
    pub(crate) fn longest(&self) -> Duration {
        let micros = self
            .spans
            .iter()
            .map(|size| size.ratio.saturating_mul(size.frames))
            .max()
            .unwrap_or(0)
            .saturating_mul(self.base);
        Duration::from_micros(micros)
    }

    /// One base step in microseconds.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    pub(crate) fn spans(&self) -> &[Size] {
        &self.spans
    }

    /// The frames of `state()`: those of the longest span of base steps.
    pub(crate) fn kept(&self) -> u64 {
        let of_base = self.spans.iter().filter(|size| size.ratio == 1);
        of_base.map(|size| size.frames).max().unwrap_or(0)
    }

    /// As the script is told, and as it stores it.
    pub(crate) fn to_bytes(&self) -> Arc<[u8]> {
        let sizes = self.spans.iter().flat_map(|size| [size.ratio, size.frames]);
        words(
            [self.base, self.spans.len() as u64]
                .into_iter()
                .chain(sizes),
        )
        .into()
    }

    /// A living gate's shape as stored; `None`: it is none.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut words = Words::new(bytes);
        let (base, count) = (words.next()?, words.next()?);
        let mut spans = Vec::new();
        for _ in 0..count.min(MOST_SPANS) {
            spans.push(Size {
                ratio: words.next()?,
                frames: words.next()?,
            });
        }
        (base > 0 && count <= MOST_SPANS).then_some(Self { base, spans })
    }
}

/// Those that a geometry may have, and one of a single base frame.
const MOST_SPANS: u64 = 65;

/// What signed 64-bit microseconds leave over from today, halved for safety: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, size) in self.spans.iter().enumerate() {
            let step = Duration::from_micros(self.base.saturating_mul(size.ratio));
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} x {step:?}", size.frames)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use call_gate_core::Span;

    fn shape(spans: &[(u64, u64)]) -> Result<Shape, ConfigError> {
        let spans: Vec<Span> = spans
            .iter()
            .map(|(nanos, frames)| Span::new(Duration::from_nanos(*nanos), *frames).unwrap())
            .collect();
        Shape::new(&Geometry::new(&spans).unwrap())
    }

    #[test]
    fn survives_its_bytes() {
        let shape = shape(&[(2_000_000, 1), (3_000_000, 60)]).unwrap();
        assert_eq!(shape.base(), 1_000);
        assert_eq!(Shape::read(&shape.to_bytes()), Some(shape.clone()));
        assert_eq!(shape.to_string(), "1 x 2ms, 60 x 3ms, 1 x 1ms");
        assert_eq!(Shape::read(&shape.to_bytes()[..20]), None);
    }

    #[test]
    fn parts_of_microseconds_are_refused() {
        let error = shape(&[(1_500, 1), (1_500, 3)]).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::Unsupported);
        assert!(error.to_string().contains("1.5µs"), "{error}");
    }
}
