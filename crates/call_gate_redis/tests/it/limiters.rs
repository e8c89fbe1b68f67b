//! Limiters: several windows over one key, and a second key for what requests cost.

mod acts;
#[cfg(feature = "injected-time")]
mod agrees;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "injected-time")]
mod pair;
mod real;
mod tampered;
