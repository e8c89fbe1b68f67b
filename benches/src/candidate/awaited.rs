//! One operation that is awaited.

use std::time::{Duration, Instant};

use super::{Candidate, Expect, Judge, Threads, nanos_per};

/// Awaits `$call` so many times and says when that began, and how often it was false.
///
/// A macro, so that the call stands in the loop as it does in a user's code: a
/// closure would be one more future around each.
#[macro_export]
macro_rules! awaited {
    ($calls:ident, $call:expr) => {{
        let mut surprises = 0;
        let start = ::std::time::Instant::now();
        for _ in 0..$calls {
            surprises += u64::from(!::std::hint::black_box($call));
        }
        (start, surprises)
    }};
}

impl Candidate {
    /// An operation that one task awaits again and again, and that must come
    /// to `expect` on the first poll; `run` is an [`awaited!`] loop that says
    /// how often it did not.
    ///
    /// The task runs in one `block_on` of a current-thread runtime, so that a
    /// call pays for its future and not for entering a runtime.
    pub fn awaited<R>(name: &str, label: &str, expect: Expect, run: R) -> Self
    where
        R: AsyncFn(u64) -> (Instant, u64) + 'static,
    {
        let mut judge = Judge::new(name, expect);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let run = move |calls| {
            let (elapsed, surprises): (Duration, u64) = runtime.block_on(async {
                let (start, surprises) = run(calls).await;
                (start.elapsed(), surprises)
            });
            judge.count(surprises);
            Some(nanos_per(elapsed, calls))
        };
        Self {
            id: format!("{name}/{}", Threads::One),
            label: label.to_owned(),
            fewer: 1,
            run: Box::new(run),
        }
    }
}
