//! Acts that no limiter has a verb for, on the storage itself.

use crate::place;
use call_gate_core::{
    Act, Answer, ConfigError, Deadline, Demand, GateConfig, Held, Key, Opened, Refund, Remote,
    Snapshot, Storage, StorageError, StorageErrorKind, StorageKind, Turnstile, Way, at_once,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Opens a limiter in Redis, and keeps what it opened.
#[derive(Debug, Clone, Default)]
struct Opening(Arc<Mutex<Option<Arc<dyn Remote>>>>);

impl Storage for Opening {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let opened = place::storage().open(config, seed)?;
        if let Opened::Remote(remote) = &opened {
            *self.0.lock().unwrap() = Some(remote.clone());
        }
        Ok(opened)
    }
}

impl Opening {
    fn ask(&self, act: &Act) -> Result<Answer, StorageError> {
        let remote = self.0.lock().unwrap().clone().unwrap();
        remote.call(&Key::new("acts"), act, Deadline::NONE)
    }
}

#[test]
fn both_keys_are_cleared_and_what_is_no_span_is_refused() {
    let (opening, hour) = (Opening::default(), Duration::from_secs(3_600));
    let limiter = Turnstile::builder()
        .name("acts")
        .window(10, hour, hour / 60)
        .cost_window(100, hour, hour / 60)
        .storage(opening.clone())
        .build()
        .unwrap();
    let demand = Demand::new(2).costing(30);
    let booked = limiter.try_take(demand).unwrap();
    let spans = |value, cost| {
        let held = |limit, used| Held {
            limit: Some(limit),
            used,
        };
        Answer::Spans(vec![held(10, value), held(100, cost)])
    };
    assert_eq!(opening.ask(&Act::Spans).unwrap(), spans(2, 30));
    assert_eq!(opening.ask(&Act::Clear).unwrap(), Answer::Done);
    assert_eq!(opening.ask(&Act::Spans).unwrap(), spans(0, 0));
    limiter.try_take(demand).unwrap();
    // what was cleared is not taken out of what came after
    let back = at_once(limiter.take_back(Way::Blocking, demand, &booked));
    assert_eq!(back.unwrap(), Refund::Expired);
    assert_eq!(opening.ask(&Act::Spans).unwrap(), spans(2, 30));
    for act in [
        Act::SetSpan { index: 2, limit: 5 },
        Act::SetLimits(call_gate_core::Limits::gate(5)),
    ] {
        let error = opening.ask(&act).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Protocol, "{act:?}");
    }
    assert_eq!(opening.ask(&Act::Spans).unwrap(), spans(2, 30));
}
