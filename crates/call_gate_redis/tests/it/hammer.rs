//! Eight processes on one gate whose limits bind, and what they were told, put together and judged.

// long file: the process that hammers, the judge of all of them, and every form of it

use crate::checker::is_long;
use crate::crew::{self, Member, alone, evals};
use crate::ledger::{self, Ledger, Told};
use call_gate_core::{CallGate, Limits, Reading, UpdateError};
use call_gate_redis::{Lease, RedisStorage};
use call_gate_testkit::History;
use call_gate_testkit::servers::Server;
use call_gate_testkit::spec::nanos;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, SystemTime};

const PROCESSES: usize = 8;

/// A gate, and how each process asks it.
#[derive(Clone, Copy, Debug)]
struct Form {
    name: &'static str,
    step: Duration,
    frames: u32,
    gate: u64,
    frame: Option<u64>,
    strict: bool,
    coalesce: bool,
    lease: bool,
    threads: u64,
    tasks: u64,
    /// Values are from 1 up to this.
    most: u64,
}

const PLAIN: Form = Form {
    name: "plain",
    step: Duration::from_millis(50),
    frames: 10,
    gate: 600,
    frame: None,
    strict: false,
    coalesce: false,
    lease: false,
    threads: 1,
    tasks: 0,
    most: 1,
};

const FORMS: [Form; 6] = [
    PLAIN,
    Form {
        name: "strict",
        gate: 500,
        frame: Some(120),
        strict: true,
        ..PLAIN
    },
    Form {
        name: "coalesced",
        gate: 800,
        frame: Some(130),
        coalesce: true,
        threads: 4,
        most: 3,
        ..PLAIN
    },
    Form {
        name: "tasks",
        gate: 1_000,
        frame: Some(200),
        coalesce: true,
        threads: 0,
        tasks: 32,
        ..PLAIN
    },
    Form {
        name: "leases",
        step: Duration::from_millis(100),
        gate: 8_000,
        frame: Some(1_600),
        coalesce: true,
        lease: true,
        threads: 2,
        tasks: 8,
        most: 3,
        ..PLAIN
    },
    Form {
        name: "killed",
        step: Duration::from_millis(100),
        frames: 5,
        gate: 6_000,
        frame: Some(2_400),
        coalesce: true,
        lease: true,
        threads: 2,
        tasks: 8,
        ..PLAIN
    },
];

impl Form {
    fn called(name: &str) -> Self {
        *FORMS.iter().find(|form| form.name == name).unwrap()
    }

    fn open(&self, url: &str) -> CallGate {
        let storage = match url.split_once(',') {
            None => RedisStorage::from_url(url).unwrap(),
            #[cfg(feature = "cluster")]
            Some(_) => RedisStorage::from_cluster(url.split(',')).unwrap(),
            #[cfg(not(feature = "cluster"))]
            Some(_) => panic!("built without clusters"),
        };
        let storage = storage
            // these tests are about counts: nobody gives up
            .deadline(Duration::from_secs(20))
            .coalesce(self.coalesce);
        let storage = if self.lease {
            storage.lease(Lease::new())
        } else {
            storage
        };
        let limits = Limits::gate(self.gate);
        let builder = CallGate::builder("hot", self.step * self.frames, self.step)
            .limits(self.frame.map_or(limits, |frame| limits.with_frame(frame)))
            .storage(storage);
        let builder = if self.strict {
            builder.strict()
        } else {
            builder
        };
        builder.build().unwrap()
    }

    fn number(&self, time: SystemTime) -> u64 {
        nanos(time) / self.step()
    }

    fn step(&self) -> u64 {
        u64::try_from(self.step.as_nanos()).unwrap()
    }

    /// How many frames count against the gate limit: in a strict gate one more, so that each interval of the gate's size
    /// lies in so many.
    fn kept(&self) -> u64 {
        u64::from(self.frames) + u64::from(self.strict)
    }
}

/// One caller: its ledger and how often it asked.
struct Caller {
    form: Form,
    gate: CallGate,
    ledger: Ledger,
    calls: u64,
    turn: u64,
    began: SystemTime,
    end: u64,
}

impl Caller {
    /// What to ask for next, now; `None` when it is over.
    fn next(&mut self) -> Option<u64> {
        self.turn += 1;
        self.began = SystemTime::now();
        (nanos(self.began) < self.end).then_some(1 + self.turn % self.form.most)
    }

    /// Writes down the answer; tells how long to leave the gate alone.
    fn told(&mut self, value: u64, told: Result<Reading, UpdateError>) -> Option<Duration> {
        let ended = SystemTime::now();
        self.calls += 1;
        let (began, ended) = (self.form.number(self.began), self.form.number(ended));
        match told {
            Ok(reading) => {
                let frame = self.form.number(reading.frame().start());
                assert!(
                    began <= frame && frame <= ended,
                    "asked in frame {began}, booked in frame {frame}, told in frame {ended}"
                );
                self.ledger.booked(frame, value);
                None
            }
            Err(error) => {
                let denial = error.denial().unwrap_or_else(|| panic!("{error:?}"));
                if began == ended {
                    self.ledger.refused(began, value);
                }
                // what leases and remembered denials answer asks no server, and would only take processors from it
                let most = Duration::from_micros(500);
                self.form.lease.then(|| denial.retry_after().min(most))
            }
        }
    }

    fn on_a_thread(mut self) -> u64 {
        while let Some(value) = self.next() {
            let told = self.gate.try_update(value);
            if let Some(rest) = self.told(value, told) {
                thread::sleep(rest);
            }
        }
        self.calls
    }

    #[cfg(feature = "tokio")]
    async fn in_a_task(mut self) -> u64 {
        while let Some(value) = self.next() {
            let told = self.gate.awaited().try_update(value).await;
            match self.told(value, told) {
                Some(rest) => tokio::time::sleep(rest).await,
                // a lease answers at once
                None => tokio::task::yield_now().await,
            }
        }
        self.calls
    }
}

/// The process that hammers.
pub(crate) fn work(asked: &Receiver<String>) {
    let line = asked.recv().unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    let (form, url, folder) = (Form::called(words[0]), words[1], PathBuf::from(words[2]));
    let first: u64 = words[3].parse().unwrap();
    let gate = form.open(url);
    crew::told("ready");
    let end: u64 = asked.recv().unwrap().parse().unwrap();
    let caller = |number| Caller {
        form,
        gate: gate.clone(),
        ledger: Ledger::create(&folder, &format!("{}.{number}", std::process::id()), first),
        calls: 0,
        turn: number,
        began: SystemTime::UNIX_EPOCH,
        end,
    };
    let threads = (0..form.threads).map(|number| {
        let caller = caller(number);
        thread::spawn(move || caller.on_a_thread())
    });
    let threads: Vec<_> = threads.collect();
    let mut calls = tasks((form.threads..form.threads + form.tasks).map(caller));
    for thread in threads {
        calls += thread.join().unwrap();
    }
    crew::told(calls);
}

/// Lets callers be tasks of one runtime; tells how often they asked.
#[cfg(feature = "tokio")]
fn tasks(callers: impl Iterator<Item = Caller>) -> u64 {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let tasks: Vec<_> = callers
        .map(|caller| runtime.spawn(caller.in_a_task()))
        .collect();
    let calls = tasks
        .into_iter()
        .map(|task| runtime.block_on(task).unwrap());
    calls.sum()
}

#[cfg(not(feature = "tokio"))]
fn tasks(callers: impl Iterator<Item = Caller>) -> u64 {
    callers.map(Caller::on_a_thread).sum()
}

/// What all were told, and what the server counted.
struct Joint {
    form: Form,
    told: BTreeMap<u64, Told>,
    /// Of each frame, as last seen; also of those that hold nothing.
    server: BTreeMap<u64, u64>,
    calls: u64,
    /// How many calls came to the server.
    sent: u64,
    time: Duration,
}

/// Lets eight processes at a gate, does `meanwhile` with them, and puts together what they wrote down.
fn hammer(form: Form, meanwhile: impl FnMut(&mut Vec<Member>, &Path, u64)) -> Joint {
    let server = Server::start(&[]);
    let url = server.url();
    hammer_at(&[server], &url, form, meanwhile)
}

fn hammer_at(
    servers: &[Server],
    url: &str,
    form: Form,
    mut meanwhile: impl FnMut(&mut Vec<Member>, &Path, u64),
) -> Joint {
    let folder = tempfile::tempdir().unwrap();
    let gate = form.open(url);
    let mut seen = BTreeMap::new();
    look(&form, &gate, &mut seen);
    let first = *seen.keys().next_back().unwrap() + 1;
    let start = format!("{} {url} {} {first}", form.name, folder.path().display());
    let mut members: Vec<_> = (0..PROCESSES).map(|_| Member::start("hammer")).collect();
    for member in &mut members {
        member.tell(&start);
    }
    for member in &members {
        assert_eq!(member.answer(), "ready");
    }
    let time = Duration::from_secs(if is_long() { 12 } else { 2 });
    let end = nanos(SystemTime::now() + time);
    for member in &mut members {
        member.tell(end);
    }
    while nanos(SystemTime::now()) < end {
        look(&form, &gate, &mut seen);
        for key in servers.iter().flat_map(Server::keys) {
            assert!(key.ttl.is_some(), "{key:?} would never expire");
        }
        meanwhile(&mut members, folder.path(), first);
        thread::sleep(form.step);
    }
    let calls = members.iter().map(|member| member.answer().parse::<u64>());
    let calls = calls.map(Result::unwrap).sum();
    look(&form, &gate, &mut seen);
    members.into_iter().for_each(Member::finish);
    Joint {
        form,
        told: ledger::read(folder.path(), "", first),
        server: seen,
        calls,
        sent: servers.iter().map(evals).sum(),
        time,
    }
}

/// Notes what the server has counted in each frame of the window that is over: the current one may hold more before it
/// is looked at again.
fn look(form: &Form, gate: &CallGate, seen: &mut BTreeMap<u64, u64>) {
    let state = gate.state().unwrap();
    let newest = form.number(state.current_frame().start());
    let frames = (0..=newest).rev().zip(state.frames().iter().copied());
    seen.extend(frames.skip(1));
}

impl Joint {
    /// No frame and no window holds more than it may, of what callers were told nor of what the server counted.
    fn is_never_over(&self) {
        let told = self.told.iter().map(|(frame, told)| (*frame, told.booked));
        for history in [
            self.history(told),
            self.history(self.server.iter().map(|(frame, held)| (*frame, *held))),
        ] {
            history.check().unwrap_or_else(|over| panic!("{over}"));
        }
    }

    fn history(&self, frames: impl Iterator<Item = (u64, u64)>) -> History {
        let Form { gate, frame, .. } = self.form;
        let step = self.form.step();
        let mut history = History::new(step, self.form.kept()).with_limits(Some(gate), frame);
        for (number, held) in frames {
            history.record(number * step, held);
        }
        history
    }

    /// What callers were told is what the server counted, but for leases: it counts them when they are granted. Tells
    /// what was leased and not spent.
    fn is_what_the_server_counted(&self) -> u64 {
        let mut unspent = 0;
        let mut known = 0;
        for (frame, told) in &self.told {
            let Some(server) = self.server.get(frame) else {
                continue;
            };
            assert!(
                told.booked == *server || self.form.lease && told.booked < *server,
                "callers were told {told:?} in frame {frame}, the server counted {server}"
            );
            known += 1;
            unspent += server - told.booked;
        }
        assert!(
            2 * known > self.told.len(),
            "this process was too slow to see what the server counted"
        );
        unspent
    }

    /// Who was refused in a frame, by a call that began and ended in it, proves that it was full for that value by the
    /// server's count. Tells how many frames that was found of.
    fn was_full_when_it_refused(&self) -> usize {
        let mut judged = 0;
        let (first, _) = self.server.first_key_value().unwrap();
        for (frame, told) in &self.told {
            let others = (frame + 1 - self.form.kept()..*frame).filter(|other| other >= first);
            let others: Option<u64> = others.map(|other| self.server.get(&other)).sum();
            let (Some(others), Some(held), Some(value)) =
                (others, self.server.get(frame), told.refused)
            else {
                continue;
            };
            let budget = (self.form.gate - others).min(self.form.frame.unwrap_or(u64::MAX));
            assert!(
                held + value > budget,
                "frame {frame} holds {held} of {budget}, and {value} was refused"
            );
            judged += 1;
        }
        judged
    }

    /// The most that callers were told of in a window.
    fn fullest(&self) -> u64 {
        let told = self.told.iter().map(|(frame, told)| (*frame, told.booked));
        u64::try_from(self.history(told).fullest_window()).unwrap()
    }

    fn show(&self, unspent: u64, judged: usize) {
        let Form { name, gate, .. } = self.form;
        let told: u64 = self.told.values().map(|told| told.booked).sum();
        let server: u64 = self.server.values().sum();
        let rate = u128::from(self.calls) * 1_000 / self.time.as_millis();
        println!(
            "{name}: {rate} calls/s, {} sent, fullest window {} of {gate}, admitted {told}, counted {server}, leased and not \
             spent {unspent}, full at refusal in {judged} of {} frames",
            self.sent,
            self.fullest(),
            self.told.len()
        );
    }
}

/// Neither more nor less than the limits of a gate on a server of its own.
fn hammer_exactly(form: Form) {
    let _alone = alone();
    exact(&hammer(form, |_, _, _| {}));
}

/// The same of a gate at the urls of `servers`.
#[cfg(feature = "cluster")]
pub(crate) fn exact_at(servers: &[Server], urls: &str) {
    let form = Form::called("coalesced");
    exact(&hammer_at(servers, urls, form, |_, _, _| {}));
}

fn exact(joint: &Joint) {
    joint.is_never_over();
    let unspent = joint.is_what_the_server_counted();
    let judged = joint.was_full_when_it_refused();
    joint.show(unspent, judged);
    assert_eq!(unspent, 0);
    assert!(judged > 0, "the limits do not bind");
    assert_eq!(joint.fullest(), joint.form.gate);
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_one_by_one() {
    hammer_exactly(Form::called("plain"));
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_a_strict_gate() {
    hammer_exactly(Form::called("strict"));
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_with_threads_that_share_calls() {
    hammer_exactly(Form::called("coalesced"));
}

#[cfg(feature = "tokio")]
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_with_tasks_that_share_calls() {
    hammer_exactly(Form::called("tasks"));
}

/// Never more than the limits, and less by what was leased and not spent.
fn leased(joint: &Joint) {
    joint.is_never_over();
    let unspent = joint.is_what_the_server_counted();
    let judged = joint.was_full_when_it_refused();
    joint.show(unspent, judged);
    assert!(judged > 0, "the limits do not bind");
    assert!(2 * joint.sent < joint.calls, "nearly every call was sent");
    // nothing is promised here: that so much could be spent shows that leases do not get stuck
    assert!(4 * joint.fullest() > joint.form.gate);
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_with_leases() {
    let _alone = alone();
    leased(&hammer(Form::called("leases"), |_, _, _| {}));
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn hammer_with_leases_and_kill_two() {
    let _alone = alone();
    let form = Form::called("killed");
    let mut killed = None;
    let joint = hammer(form, |members, folder, first| {
        let busy = |member: &Member| {
            let own = ledger::read(folder, &format!("{}.", member.id()), first);
            own.values().map(|told| told.booked).sum::<u64>() > 100
        };
        if killed.is_none() && members[..2].iter().all(busy) {
            members.drain(..2).for_each(Member::kill);
            killed = Some(form.number(SystemTime::now()));
        }
    });
    leased(&joint);
    // what the dead held has left the window by then
    let healed = killed.expect("two were killed") + form.kept();
    let later = joint.told.range(healed..);
    let later: u64 = later.map(|(_, told)| told.booked).sum();
    assert!(
        later > form.gate / 4,
        "the others booked {later} after two had died"
    );
}
