//! What a gate gives is held while the body runs.

use call_gate::{Admit, AsGate, Entry, UpdateError, call_gate};
use std::cell::Cell;
use std::sync::Arc;

/// Counts who is inside.
#[derive(Default)]
struct Room {
    inside: Arc<()>,
}

impl Room {
    fn inside(&self) -> usize {
        Arc::strong_count(&self.inside) - 1
    }
}

impl Admit for Room {
    type Guard = Arc<()>;

    fn admit(&self, _: Entry) -> Result<Self::Guard, UpdateError> {
        Ok(self.inside.clone())
    }
}

impl AsGate for Room {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

#[cfg(feature = "tokio")]
impl call_gate::AdmitAsync for Room {
    type Guard = Arc<()>;

    async fn admit_async(&self, _: Entry) -> Result<Self::Guard, UpdateError> {
        Ok(self.inside.clone())
    }
}

/// Notes how many are inside when it is dropped.
struct Leaving<'r>(&'r Room, &'r Cell<usize>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.1.set(self.0.inside());
    }
}

#[test]
fn what_the_gate_gives_is_held_until_the_body_is_done() {
    #[call_gate(room)]
    fn inside(room: &Room, seen: &Cell<usize>, deep: u8) -> Result<usize, UpdateError> {
        let _leaving = Leaving(room, seen);
        if deep > 0 {
            return inside(room, seen, deep - 1);
        }
        Ok(room.inside())
    }

    let (room, seen) = (Room::default(), Cell::new(0));
    assert_eq!(inside(&room, &seen, 2).unwrap(), 3);
    assert_eq!((seen.get(), room.inside()), (1, 0));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn what_the_gate_gives_is_held_across_awaits() {
    #[call_gate(room)]
    async fn inside(room: &Room, seen: &Cell<usize>) -> usize {
        let _leaving = Leaving(room, seen);
        tokio::task::yield_now().await;
        room.inside()
    }

    let (room, seen) = (Room::default(), Cell::new(0));
    assert_eq!(inside(&room, &seen).await, 1);
    assert_eq!((seen.get(), room.inside()), (1, 0));
}
