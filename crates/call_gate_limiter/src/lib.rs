//! A rate limiter of the `call_gate` family: several windows, and a bound on how many run at once, in one act.
//!
//! A request is admitted by every window and by the bound, or nothing is booked and nothing is taken.
//!
//! ```
//! use call_gate_limiter::RateLimiter;
//! use std::time::Duration;
//!
//! // Gmail's quotas, and two at once
//! let limiter = RateLimiter::builder()
//!     .per_second(2)
//!     .limit(1200, Duration::from_secs(600))
//!     .per_day(2000)
//!     .max_burst(2)
//!     .build()?;
//! {
//!     let _permit = limiter.acquire()?; // waits its turn
//!     assert_eq!(limiter.remaining()?.burst, Some(1));
//! } // the permit is given back, the request stays counted
//! assert_eq!(limiter.remaining()?.burst, Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | adds |
//! | --- | --- |
//! | `tokio` | `AsyncRateLimiter`, the same limiter awaited |

#![forbid(unsafe_code)]

mod admit;
#[cfg(feature = "tokio")]
mod awaited;
mod builder;
mod limiter;
mod permit;
mod remaining;
mod step;

#[cfg(feature = "tokio")]
pub use awaited::{AsyncOwnedPermit, AsyncPermit, AsyncRateLimiter};
pub use builder::RateLimiterBuilder;
pub use limiter::RateLimiter;
pub use permit::{OwnedPermit, Permit};
pub use remaining::{Remaining, WindowRoom};
