//! A key's row behind the storage contract, against the oracle; and what rows are made of.

use call_gate_core::clock::{GroupClock, ManualClock, Present};
use call_gate_core::{
    Act, Answer, BoxFuture, CallGate, Clock, ConfigError, Deadline, GateConfig, Key, Limits,
    Moment, Opened, Remote, RowShape, Snapshot, Storage, StorageError, StorageErrorKind,
    StorageKind,
};
use call_gate_testkit::fixture::Time;
use call_gate_testkit::spec::{Credits, Spec};
use call_gate_testkit::{Fixture, conformance};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

conformance!(rows, RowFixture::narrow);
conformance!(wide_rows, RowFixture::wide);

/// One row, for one gate.
#[derive(Debug, Clone)]
struct RowFixture {
    time: ManualClock,
    wide: bool,
}

impl RowFixture {
    fn narrow(start: SystemTime) -> Self {
        let time = ManualClock::new(start);
        Self { time, wide: false }
    }

    fn wide(start: SystemTime) -> Self {
        let time = ManualClock::new(start);
        Self { time, wide: true }
    }
}

/// Opens rows that live by `clock`, or by the machine's.
#[derive(Debug)]
struct Rows(Option<Arc<dyn Clock>>);

impl Fixture for RowFixture {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(Rows(Some(Arc::new(self.time.clone()))))
    }

    fn storage_in_real_time(&self) -> Box<dyn Storage> {
        Box::new(Rows(None))
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn holds(&self, spec: &Spec) -> bool {
        spec.credits != Credits::On
    }

    fn shape(&self, spec: Spec) -> Spec {
        let ceiling = spec.ceiling.or(self.wide.then_some(u64::MAX));
        Spec {
            ceiling,
            credits: if spec.credits == Credits::On {
                Credits::On
            } else {
                Credits::Off
            },
            ..spec
        }
    }
}

impl Storage for Rows {
    fn kind(&self) -> StorageKind {
        StorageKind::Simple
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let shape = RowShape::new(config, seed)?;
        let clock = GroupClock::new(self.0.clone(), config.frame_step());
        let mut words = vec![7; shape.words()];
        shape.start(&mut words, clock.present());
        if let Some(seed) = seed {
            shape.row(&mut words, config.limits()).seed(seed);
        }
        let state = Mutex::new((words, config.limits()));
        Ok(Opened::Remote(Arc::new(OneRow {
            shape,
            clock,
            state,
        })))
    }
}

#[derive(Debug)]
struct OneRow {
    shape: RowShape,
    clock: GroupClock,
    state: Mutex<(Vec<u32>, Limits)>,
}

impl Remote for OneRow {
    fn call(&self, _: &Key, act: &Act, _: Deadline) -> Result<Answer, StorageError> {
        let mut state = self.state.lock().unwrap();
        let (words, limits) = &mut *state;
        if let Act::SetLimits(new) = *act {
            self.shape
                .check(new)
                .map_err(|error| StorageError::with_source(StorageErrorKind::Unavailable, error))?;
            *limits = new;
            return Ok(Answer::Done);
        }
        // the group sees the time whenever it is asked for it, but a gate that is cleared looks at no clock
        let present = match act {
            Act::Clear => at(0),
            _ => self.clock.present(),
        };
        let answer = self.shape.row(words, *limits).answer(present, act);
        answer.ok_or_else(|| {
            StorageError::with_source(StorageErrorKind::Protocol, format!("{act:?}"))
        })
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move { self.call(key, &act, by) })
    }

    fn limits(&self, _: &Key) -> Limits {
        self.state.lock().unwrap().1
    }
}

/// Gives away the shape of a gate's rows.
#[derive(Debug, Clone, Default)]
struct Shapes(Arc<Mutex<Option<RowShape>>>);

impl Storage for Shapes {
    fn kind(&self) -> StorageKind {
        StorageKind::Simple
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        *self.0.lock().unwrap() = Some(RowShape::new(config, seed)?);
        Rows(None).open(config, seed)
    }
}

fn shape(frames: u32, limits: Limits) -> RowShape {
    let shapes = Shapes::default();
    let second = Duration::from_secs(1);
    let builder = CallGate::unnamed(second * frames, second).limits(limits);
    builder.storage(shapes.clone()).build().unwrap();
    shapes.0.lock().unwrap().take().unwrap()
}

fn at(seconds: u64) -> Present {
    let now = Moment::from(UNIX_EPOCH + Duration::from_secs(seconds));
    Present { now, frame: now }
}

#[test]
fn a_row_takes_what_it_says() {
    // the head, the total, the start of either span, the frames
    assert_eq!(shape(10, Limits::gate(100)).words(), 3 + 1 + 2 + 10);
    assert_eq!(
        shape(10, Limits::gate(u64::from(u32::MAX))).words(),
        3 + 2 * 13
    );
    assert_eq!(shape(10, Limits::none()).words(), 3 + 2 * 13);
}

#[test]
fn narrow_rows_hold_twice_what_limits_allow() {
    let most = u64::from(u32::MAX / 2);
    let by_window = Limits::gate(most);
    let by_frame = Limits::none().with_frame(most / 10);
    let shape = shape(10, by_window);
    shape.check(by_frame).unwrap();
    let mut words = vec![0; shape.words()];
    shape.start(&mut words, at(100));
    // the window is full under one set of limits, and filled once more under another
    assert_eq!(
        shape
            .row(&mut words, by_window)
            .book(at(100), most)
            .unwrap()
            .sum(),
        most
    );
    let mut sum = most;
    for second in 101..=109 {
        let booked = shape.row(&mut words, by_frame).book(at(second), most / 10);
        sum += most / 10;
        assert_eq!(booked.unwrap().sum(), sum);
    }
    let denied = shape
        .row(&mut words, by_window)
        .book(at(109), 1)
        .unwrap_err();
    assert_eq!((denied.used(), denied.limit()), (sum, most));
    assert_eq!(denied.retry_after(), Duration::from_secs(1), "{denied:?}");
    let error = shape.check(Limits::gate(most + 1)).unwrap_err();
    assert!(error.to_string().contains("2147483647"), "{error}");
    assert!(shape.check(Limits::none()).is_err());
}

#[test]
fn a_row_is_idle_when_a_new_one_would_answer_the_same() {
    let limits = Limits::gate(5);
    let shape = shape(10, limits);
    let mut words = vec![0; shape.words()];
    shape.start(&mut words, at(100));
    assert!(shape.row(&mut words, limits).is_idle(at(100)));
    shape.row(&mut words, limits).book(at(100), 3).unwrap();
    assert!(!shape.row(&mut words, limits).is_idle(at(100)));
    assert!(!shape.row(&mut words, limits).is_idle(at(109)));
    assert!(shape.row(&mut words, limits).is_idle(at(110)));
    // by a look that finds the window empty, and by a refund
    shape.row(&mut words, limits).book(at(112), 1).unwrap();
    assert_eq!(shape.row(&mut words, limits).last(), at(112).now);
    assert!(!shape.row(&mut words, limits).is_idle(at(121)));
    let back = Act::Refund {
        value: 1,
        booked: None,
    };
    let answer = shape.row(&mut words, limits).answer(at(112), &back);
    assert!(matches!(answer, Some(Answer::Returned(_))), "{answer:?}");
    assert!(shape.row(&mut words, limits).is_idle(at(112)));
    // the group's frame decides, whatever the clock says
    shape.row(&mut words, limits).book(at(130), 5).unwrap();
    let behind = Present {
        now: at(120).now,
        frame: at(130).frame,
    };
    let denied = shape.row(&mut words, limits).book(behind, 1).unwrap_err();
    assert_eq!(denied.retry_after(), Duration::from_secs(20));
}
