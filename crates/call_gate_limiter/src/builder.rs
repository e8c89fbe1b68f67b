//! Making a limiter.
// long file: one short method for each thing that can be said

use crate::limiter::RateLimiter;
use crate::step;
use call_gate_core::{
    Clock, ConfigError, ConfigErrorKind, OnLimits, Storage, Turnstile, TurnstileBuilder,
};
use std::time::Duration;

/// Makes a [`RateLimiter`]; nothing is checked before [`build`](Self::build).
///
/// # Examples
/// ```
/// use call_gate_limiter::RateLimiter;
///
/// // 3 in any window of 2 s that starts with a tenth of a second, 15 a minute, 2 at once
/// let limiter = RateLimiter::builder()
///     .per_second(3)
///     .second_window(2)
///     .per_minute(15)
///     .max_burst(2)
///     .build()?;
/// assert_eq!(limiter.remaining()?.windows.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct RateLimiterBuilder {
    turnstile: TurnstileBuilder,
    rates: [Rate; 4],
    others: Vec<Other>,
    costs: Vec<Other>,
    blocking: bool,
}

/// What is said of the windows in one unit of time.
#[derive(Debug, Clone, Copy, Default)]
struct Rate {
    limit: Option<u64>,
    units: Option<u64>,
    step: Option<Duration>,
}

/// A window of any length.
#[derive(Debug, Clone, Copy)]
struct Other {
    limit: u64,
    window: Duration,
    step: Option<Duration>,
}

/// A unit's name and its seconds.
const UNITS: [(&str, u64); 4] = [
    ("second", 1),
    ("minute", 60),
    ("hour", 3_600),
    ("day", 86_400),
];
const SECOND: usize = 0;
const MINUTE: usize = 1;
const HOUR: usize = 2;
const DAY: usize = 3;

impl RateLimiterBuilder {
    pub(crate) fn new() -> Self {
        Self {
            turnstile: Turnstile::builder(),
            rates: [Rate::default(); 4],
            others: Vec::new(),
            costs: Vec::new(),
            blocking: true,
        }
    }

    /// A name, by which others find the windows in a storage that is shared. In memory it only labels denials.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with(|turnstile| turnstile.name(name))
    }

    /// At most `n` in a second, or in as many as [`second_window`](Self::second_window) says; at least 1.
    pub fn per_second(self, n: u64) -> Self {
        self.rate::<SECOND>(|rate| rate.limit = Some(n))
    }

    /// Makes the window of [`per_second`](Self::per_second) that many seconds long; 1 unless set.
    pub fn second_window(self, seconds: u64) -> Self {
        self.rate::<SECOND>(|rate| rate.units = Some(seconds))
    }

    /// Counts the window of [`per_second`](Self::per_second) in frames of `step`.
    pub fn second_step(self, step: Duration) -> Self {
        self.rate::<SECOND>(|rate| rate.step = Some(step))
    }

    /// At most `n` in a minute, or in as many as [`minute_window`](Self::minute_window) says; at least 1.
    pub fn per_minute(self, n: u64) -> Self {
        self.rate::<MINUTE>(|rate| rate.limit = Some(n))
    }

    /// Makes the window of [`per_minute`](Self::per_minute) that many minutes long; 1 unless set.
    pub fn minute_window(self, minutes: u64) -> Self {
        self.rate::<MINUTE>(|rate| rate.units = Some(minutes))
    }

    /// Counts the window of [`per_minute`](Self::per_minute) in frames of `step`.
    pub fn minute_step(self, step: Duration) -> Self {
        self.rate::<MINUTE>(|rate| rate.step = Some(step))
    }

    /// At most `n` in an hour, or in as many as [`hour_window`](Self::hour_window) says; at least 1.
    pub fn per_hour(self, n: u64) -> Self {
        self.rate::<HOUR>(|rate| rate.limit = Some(n))
    }

    /// Makes the window of [`per_hour`](Self::per_hour) that many hours long; 1 unless set.
    pub fn hour_window(self, hours: u64) -> Self {
        self.rate::<HOUR>(|rate| rate.units = Some(hours))
    }

    /// Counts the window of [`per_hour`](Self::per_hour) in frames of `step`.
    pub fn hour_step(self, step: Duration) -> Self {
        self.rate::<HOUR>(|rate| rate.step = Some(step))
    }

    /// At most `n` in a day, or in as many as [`day_window`](Self::day_window) says; at least 1.
    ///
    /// Not a calendar's day: any 24 hours that start with a frame are one.
    pub fn per_day(self, n: u64) -> Self {
        self.rate::<DAY>(|rate| rate.limit = Some(n))
    }

    /// Makes the window of [`per_day`](Self::per_day) that many days long; 1 unless set.
    pub fn day_window(self, days: u64) -> Self {
        self.rate::<DAY>(|rate| rate.units = Some(days))
    }

    /// Counts the window of [`per_day`](Self::per_day) in frames of `step`.
    pub fn day_step(self, step: Duration) -> Self {
        self.rate::<DAY>(|rate| rate.step = Some(step))
    }

    /// One more window: at most `n` in `window`, which is at most twenty years and not the length of another.
    ///
    /// A window moves on by a frame at a time, and what was booked in a frame
    /// leaves it with that frame. Unless its step is said:
    ///
    /// | window | frames of |
    /// | --- | --- |
    /// | under 1 s | a tenth of it |
    /// | under 1 min | 100 ms |
    /// | under 1 h | 1 s |
    /// | under 1 day | 1 min |
    /// | under 30 days | 30 min |
    /// | longer | 12 h |
    ///
    /// Where that does not divide the window, it has as few frames from 10 to
    /// 1,000 as do. A frame costs 8 bytes.
    pub fn limit(mut self, n: u64, window: Duration) -> Self {
        self.others.push(Other {
            limit: n,
            window,
            step: None,
        });
        self
    }

    /// The same, counted in frames of `step`, of which the window holds 2 to 1,048,576.
    pub fn limit_in_steps(mut self, n: u64, window: Duration, step: Duration) -> Self {
        self.others.push(Other {
            limit: n,
            window,
            step: Some(step),
        });
        self
    }

    /// At most `n` of cost in a second.
    ///
    /// Costs are a second count beside that of requests, as of tokens or
    /// bytes: [`acquire_costing`](RateLimiter::acquire_costing) books both, or
    /// neither. Such a limiter credits closed frames with what is given back,
    /// and keeps its windows under a lock.
    pub fn cost_per_second(self, n: u64) -> Self {
        self.cost_limit(n, Duration::from_secs(1))
    }

    /// At most `n` of cost in a minute.
    pub fn cost_per_minute(self, n: u64) -> Self {
        self.cost_limit(n, Duration::from_secs(60))
    }

    /// At most `n` of cost in an hour.
    pub fn cost_per_hour(self, n: u64) -> Self {
        self.cost_limit(n, Duration::from_secs(3_600))
    }

    /// At most `n` of cost in a day.
    pub fn cost_per_day(self, n: u64) -> Self {
        self.cost_limit(n, Duration::from_secs(86_400))
    }

    /// One more window of cost: at most `n` in `window`; its frames are those of [`limit`](Self::limit).
    pub fn cost_limit(mut self, n: u64, window: Duration) -> Self {
        self.costs.push(Other {
            limit: n,
            window,
            step: None,
        });
        self
    }

    /// The same, counted in frames of `step`.
    pub fn cost_limit_in_steps(mut self, n: u64, window: Duration, step: Duration) -> Self {
        self.costs.push(Other {
            limit: n,
            window,
            step: Some(step),
        });
        self
    }

    /// At most `n` requests under way at once, from 1 to 16,777,215; any number unless set.
    ///
    /// Of this limiter and its clones, whatever the storage of the windows.
    /// Where that is behind a network, a request holds its place while it is
    /// asked, and at most 32,767 can be asked at once.
    pub fn max_burst(self, n: u64) -> Self {
        self.with(|turnstile| turnstile.permits(n))
    }

    /// Whether `acquire`, its kin without a time of their own, `enter`, `run` and decorated functions wait when they are
    /// not admitted; they do unless set.
    ///
    /// A decorated function that cannot report a denial waits all the same.
    pub fn blocking(self, blocking: bool) -> Self {
        Self { blocking, ..self }
    }

    /// Lets no interval of a window's length, wherever it starts, hold more than its limit.
    ///
    /// Without it the promise is for windows that start with a frame. Costs a
    /// frame more of each window's time.
    pub fn strict(self) -> Self {
        self.with(TurnstileBuilder::strict)
    }

    /// Credits what is given back to closed frames, while they are in the window; in memory at the price of a lock.
    pub fn credits(self) -> Self {
        self.with(TurnstileBuilder::credits)
    }

    /// The largest limit that may ever be set live, by [`set_limit`](RateLimiter::set_limit).
    ///
    /// Without it, what the windows are made for can hold: any limit where they
    /// are kept under a lock, and else 1,048,575 with
    /// frames of 1 ms, 134,217,727 with frames of 100 ms, 1,073,741,823 with
    /// frames of 1 s.
    pub fn limits_up_to(self, limit: u64) -> Self {
        self.with(|turnstile| turnstile.limits_up_to(limit))
    }

    /// What becomes of these limits where the windows live already, with other ones.
    pub fn on_limits(self, on_limits: OnLimits) -> Self {
        self.with(|turnstile| turnstile.on_limits(on_limits))
    }

    /// Where the windows are counted; in this process's memory unless set.
    pub fn storage(self, storage: impl Storage + 'static) -> Self {
        self.with(|turnstile| turnstile.storage(storage))
    }

    /// The limiter's clock; the machine's unless set.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        self.with(|turnstile| turnstile.clock(clock))
    }

    /// Makes the limiter.
    ///
    /// # Errors
    /// One [`ConfigError`] that names the value and the rule it breaks: no
    /// limit at all, a limit or a window of 0, a window over twenty years, a
    /// length or a step of a rate that is not set, two limits for one length,
    /// what the storage cannot hold.
    pub fn build(self) -> Result<RateLimiter, ConfigError> {
        let mut turnstile = self.turnstile;
        for (rate, (unit, seconds)) in self.rates.iter().zip(UNITS) {
            let Some(limit) = rate.limit else {
                rate.check_unused(unit)?;
                continue;
            };
            let units = rate.units.unwrap_or(1);
            if units == 0 {
                return Err(ConfigError::new(
                    ConfigErrorKind::GateSize,
                    format_args!("{unit}_window(0) must be at least 1"),
                ));
            }
            let window = Duration::from_secs(units.saturating_mul(seconds));
            let step = rate.step.map_or_else(|| step::of(window), Ok)?;
            turnstile = turnstile.window(limit, window, step);
        }
        for other in self.others {
            turnstile = turnstile.window(other.limit, other.window, other.step()?);
        }
        for cost in self.costs {
            turnstile = turnstile.cost_window(cost.limit, cost.window, cost.step()?);
        }
        Ok(RateLimiter::new(turnstile.build()?, self.blocking))
    }

    fn with(self, change: impl FnOnce(TurnstileBuilder) -> TurnstileBuilder) -> Self {
        Self {
            turnstile: change(self.turnstile),
            ..self
        }
    }

    fn rate<const UNIT: usize>(mut self, set: impl FnOnce(&mut Rate)) -> Self {
        if let Some(rate) = self.rates.get_mut(UNIT) {
            set(rate);
        }
        self
    }
}

impl Rate {
    /// Nothing is to be said of a rate that is not set.
    fn check_unused(&self, unit: &str) -> Result<(), ConfigError> {
        let missing = |what: std::fmt::Arguments<'_>| {
            Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!("{what} must come with a limit: set per_{unit} too"),
            ))
        };
        match (self.units, self.step) {
            (Some(units), _) => missing(format_args!("{unit}_window({units})")),
            (_, Some(step)) => missing(format_args!("{unit}_step({step:?})")),
            _ => Ok(()),
        }
    }
}

impl Other {
    fn step(&self) -> Result<Duration, ConfigError> {
        self.step.map_or_else(|| step::of(self.window), Ok)
    }
}
