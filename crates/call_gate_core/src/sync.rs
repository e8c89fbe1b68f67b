//! The atomics of the window: the real ones, or loom's under `--cfg loom`.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::atomic::{Ordering, fence};
#[cfg(loom)]
pub(crate) use model::AtomicU64;

/// Loom's word, which can also play a thread that dies at one of its writes.
#[cfg(loom)]
#[allow(unreachable_pub, reason = "the models' own module passes it on")]
pub mod model {
    use super::Ordering;
    use core::cell::Cell;

    loom::thread_local! {
        /// Writes that the thread's operation may still make; `None`: as many as it likes.
        static WRITES_LEFT: Cell<Option<u32>> = Cell::new(None);
    }

    fn allow(writes: Option<u32>) {
        WRITES_LEFT.with(|left| left.set(writes));
    }

    /// What a killed operation unwinds with.
    #[derive(Debug)]
    pub struct Killed;

    /// Runs `operation`, and abandons it for good before its write number `writes`.
    ///
    /// `None`: it was killed. The window holds no guards, so unwinding out of
    /// it leaves the words exactly as a killed thread leaves them.
    pub fn killed_at<T>(writes: u32, operation: impl FnOnce() -> T) -> Option<T> {
        allow(Some(writes));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(operation));
        allow(None);
        match outcome {
            Ok(value) => Some(value),
            Err(payload) if payload.is::<Killed>() => None,
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    fn before_write() {
        match WRITES_LEFT.with(Cell::get) {
            None => {}
            Some(0) => {
                allow(None);
                std::panic::resume_unwind(Box::new(Killed))
            }
            Some(left) => allow(Some(left - 1)),
        }
    }

    #[derive(Debug)]
    pub(crate) struct AtomicU64(loom::sync::atomic::AtomicU64);

    impl AtomicU64 {
        pub(crate) fn new(value: u64) -> Self {
            Self(loom::sync::atomic::AtomicU64::new(value))
        }
        pub(crate) fn load(&self, order: Ordering) -> u64 {
            self.0.load(order)
        }
        pub(crate) fn store(&self, value: u64, order: Ordering) {
            before_write();
            self.0.store(value, order);
        }
        pub(crate) fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
            before_write();
            self.0.fetch_add(value, order)
        }
        pub(crate) fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
            before_write();
            self.0.fetch_sub(value, order)
        }
        pub(crate) fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
            before_write();
            self.0.fetch_or(value, order)
        }
        pub(crate) fn compare_exchange(
            &self,
            from: u64,
            to: u64,
            ok: Ordering,
            no: Ordering,
        ) -> Result<u64, u64> {
            before_write();
            self.0.compare_exchange(from, to, ok, no)
        }
        pub(crate) fn compare_exchange_weak(
            &self,
            from: u64,
            to: u64,
            ok: Ordering,
            no: Ordering,
        ) -> Result<u64, u64> {
            self.compare_exchange(from, to, ok, no)
        }
    }
}

#[cfg(all(feature = "std", loom))]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::sync::{Mutex, MutexGuard};
