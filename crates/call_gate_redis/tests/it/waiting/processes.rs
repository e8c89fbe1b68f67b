//! Several processes that wait for the same frame.

use crate::checker::SLACK;
use crate::crew::{self, Member, alone};
use crate::lag::Lag;
use call_gate_core::{CallGate, Wait};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use call_gate_testkit::spec::nanos;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant, SystemTime};

const FRAME: Duration = Duration::from_millis(300);
const LIMIT: u64 = 1_000;

fn gate(url: &str, spread: Duration) -> CallGate {
    let storage = RedisStorage::from_url(url).unwrap();
    CallGate::builder("spread", FRAME * 10, FRAME)
        .frame_limit(LIMIT)
        .storage(storage.spread(spread).deadline(Duration::from_secs(10)))
        .build()
        .unwrap()
}

/// A process that waits whenever it is told to: tells when it began, the start of its frame and when it was told.
pub(crate) fn work(asked: &Receiver<String>) {
    let line = asked.recv().unwrap();
    let (url, spread) = line.split_once(' ').unwrap();
    let gate = gate(url, Duration::from_millis(spread.parse().unwrap()));
    gate.peek(1).unwrap();
    crew::told("ready");
    for _ in asked {
        let began = nanos(SystemTime::now());
        let reading = gate.update_with(1, Wait::Forever).unwrap();
        let ended = nanos(SystemTime::now());
        crew::told(format!(
            "{began} {} {ended}",
            nanos(reading.frame().start())
        ));
    }
}

/// How long after their frame's start six processes were admitted that had waited for it, some times over.
fn offsets(spread: Duration) -> Vec<Duration> {
    let server = Server::start(&[]);
    let own = gate(&server.url(), Duration::ZERO);
    let mut members: Vec<_> = (0..6).map(|_| Member::start("wait")).collect();
    for member in &mut members {
        member.tell(format!("{} {}", server.url(), spread.as_millis()));
    }
    for member in &members {
        assert_eq!(member.answer(), "ready");
    }
    let mut offsets = Vec::new();
    let over = Instant::now() + Duration::from_secs(20);
    while offsets.len() < 18 {
        assert!(Instant::now() < over, "too few were in time: {offsets:?}");
        // the rest of this frame, as long as nobody else books
        let room = own.peek(1).unwrap().remaining;
        let Ok(booked) = own.try_update(room) else {
            continue;
        };
        if room == 0 || booked.frame().value() < LIMIT {
            continue;
        }
        let filled = nanos(booked.frame().start());
        for member in &mut members {
            member.tell("wait");
        }
        for member in &members {
            let answer = member.answer();
            let mut numbers = answer.split(' ').map(|word| word.parse::<u64>().unwrap());
            let mut next = || numbers.next().unwrap();
            let (began, frame, ended) = (next(), next(), next());
            assert!(ended >= frame, "early: {answer}");
            let step = u64::try_from(FRAME.as_nanos()).unwrap();
            // it came while the frame was full, and may have been kept from the next one by nothing but its own pace
            if began < filled + step && frame == filled + step {
                offsets.push(Duration::from_nanos(ended - frame));
            }
        }
    }
    members.into_iter().for_each(Member::finish);
    offsets.sort_unstable();
    offsets
}

#[test]
fn processes_that_wait_for_one_frame_are_spread() {
    let _alone = alone();
    let (none, spread) = (Duration::ZERO, Duration::from_millis(80));
    let lag = Lag::measure();
    let together = offsets(none);
    let apart = offsets(spread);
    let half = |offsets: &[Duration]| offsets[offsets.len() / 2];
    let last = |offsets: &[Duration]| offsets[offsets.len() - 1];
    println!(
        "half after {:?}, all after {:?}; spread over {spread:?}: {:?}, {:?}",
        half(&together),
        last(&together),
        half(&apart),
        last(&apart)
    );
    let slack = SLACK + lag.most();
    assert!(half(&together) <= slack, "{together:?}");
    // of eighteen evenly drawn parts of the spread, the chance that none lies in its last half is 1 in 260,000
    assert!(last(&apart) >= spread / 2, "{apart:?}");
    assert!(last(&apart) <= spread + slack, "{apart:?}");
}
