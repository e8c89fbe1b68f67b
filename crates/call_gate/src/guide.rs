//! The guide: what a gate promises, and how to get it.
//!
#![doc = include_str!("../docs/guide/README.md")]

#[doc = include_str!("../docs/guide/limits.md")]
pub mod limits {}

#[doc = include_str!("../docs/guide/waiting.md")]
pub mod waiting {}

#[doc = include_str!("../docs/guide/passes.md")]
pub mod passes {}

#[doc = include_str!("../docs/guide/time.md")]
pub mod time {}

#[cfg(feature = "persist")]
#[doc = include_str!("../docs/guide/files.md")]
pub mod files {}

#[cfg(feature = "shared")]
#[doc = include_str!("../docs/guide/shared.md")]
pub mod shared {}

#[cfg(feature = "redis")]
#[doc = include_str!("../docs/guide/redis.md")]
pub mod redis {}

#[cfg(all(feature = "limiter", feature = "macros", feature = "tokio"))]
#[doc = include_str!("../docs/guide/limiter.md")]
pub mod limiter {}

#[doc = include_str!("../docs/guide/errors.md")]
pub mod errors {}

#[cfg(feature = "tokio")]
#[doc = include_str!("../docs/guide/async.md")]
pub mod r#async {}

#[cfg(all(feature = "macros", feature = "tokio"))]
#[doc = include_str!("../docs/guide/decorator.md")]
pub mod decorator {}

#[doc = include_str!("../docs/guide/python.md")]
pub mod python {}
