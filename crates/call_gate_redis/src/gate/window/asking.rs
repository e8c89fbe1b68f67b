//! Questions to the script, and what it says.

use super::super::counter::Counter;
use super::RemoteWindow;
use crate::protocol::{Ask, Seed, Stand, Tail};
use crate::script::{Call, Second};
use call_gate_core::{Moment, StorageError, StorageErrorKind, Way};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl RemoteWindow {
    /// Asks, and makes an answer of what comes back.
    pub(super) async fn ask<T>(
        &self,
        way: Way,
        ask: &Ask<'_>,
        until: Instant,
        make: impl FnOnce(Stand, Tail<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        self.first(way, until).await?;
        self.known_ask(way, ask, until, make).await
    }

    /// What has to be done on a server before anything else.
    pub(super) async fn first(&self, way: Way, until: Instant) -> Result<(), StorageError> {
        if self.seeded.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some(seed) = &self.seed
            && let Some(start) = seed.current_frame()
        {
            // the frames that are left are those of the server's clock
            let look = Ask::Peek { value: 0 };
            let stand = self
                .known_ask(way, &look, until, |stand, _| Some(stand))
                .await?;
            let start = Moment::from(start).as_nanos() / 1_000;
            let newest = start / self.counter.shape.base().max(1);
            if let Some(seed) = Seed::new(&self.counter.shape, &stand, newest, seed.frames()) {
                // Two threads at once may both send it: the second finds counts, unless somebody cleared them in
                // between. Then they count again, which admits less.
                self.known_ask(way, &Ask::Seed(&seed), until, |_, tail| tail.seeded())
                    .await?;
            }
        }
        self.seeded.store(true, Ordering::Release);
        Ok(())
    }

    async fn known_ask<T>(
        &self,
        way: Way,
        ask: &Ask<'_>,
        until: Instant,
        make: impl FnOnce(Stand, Tail<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        let counter = &self.counter;
        let words = counter.words(ask);
        let turn = counter.known.turn();
        let bytes = self.send(way, counter, words, None, until).await?;
        let (stand, tail) = counter.read(Some(turn), &bytes)?;
        let exists = stand.exists;
        let answer = make(stand, tail).ok_or_else(wrong)?;
        counter.settle_by(exists);
        Ok(answer)
    }

    /// Sends `words` for `counter`, and those of `second` with them; the answer is one string.
    pub(super) async fn send(
        &self,
        way: Way,
        counter: &Counter,
        words: Vec<u8>,
        second: Option<(&Counter, Vec<u8>)>,
        until: Instant,
    ) -> Result<Vec<u8>, StorageError> {
        let shape = match &second {
            None => counter.shape_bytes.clone(),
            Some((other, _)) => [&*counter.shape_bytes, &*other.shape_bytes].concat().into(),
        };
        let clock = self.manner.clock.as_ref();
        let call = Call {
            script: self.manner.script.clone(),
            key: counter.key.clone(),
            shape,
            ask: words,
            second: second.map(|(other, ask)| Second {
                key: other.key.clone(),
                ask,
            }),
            now: clock.map(|clock| clock.now().as_nanos() / 1_000),
        };
        match way {
            Way::Blocking => self.link.run(&call, until),
            Way::Awaited => self.link.run_async(&call, until).await,
        }
    }
}

/// What no script of this version says.
pub(super) fn wrong() -> StorageError {
    StorageError::new(StorageErrorKind::Protocol)
}
