//! Processes that come and go: the gate stays.

use crate::crew::Member;
use crate::place::{Place, builder, cause};
use crate::worker;
use call_gate_core::Limits;
use call_gate_shared::SharedErrorKind;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// A process with a gate in it that counts to `limit` in an hour.
fn start(place: &Place, limit: u64) -> Member {
    let mut member = Member::start("serve", place.path());
    assert_eq!(member.ask(open(place, 0, limit)), "done");
    member
}

fn open(place: &Place, number: u32, limit: u64) -> String {
    let folder = place.path().display();
    format!("open {number} - 3600000000000 60000000000 0 {limit} - - mail {folder}")
}

/// Whether there was room for one.
fn books(member: &mut Member) -> bool {
    let answer = member.ask("act 0 - update 1 0");
    assert!(
        answer.starts_with("admitted") || answer.starts_with("denied"),
        "{answer}"
    );
    answer.starts_with("admitted")
}

fn number(place: &Place) -> u64 {
    fs::metadata(place.file("mail")).unwrap().ino()
}

#[test]
fn a_rolling_restart_keeps_one_gate() {
    let place = Place::new();
    let mut members: Vec<Member> = (0..3).map(|_| start(&place, 30)).collect();
    let segment = number(&place);
    for turn in 0..10 {
        // the new one comes first and the old one goes then, by itself or not
        let mut new = start(&place, 30);
        assert!(books(&mut new), "turn {turn}");
        let old = members.remove(0);
        if turn % 2 == 0 {
            old.finish();
        } else {
            old.kill();
        }
        members.push(new);
        assert!(books(&mut members[0]), "turn {turn}");
        assert!(books(&mut members[1]), "turn {turn}");
    }
    assert!(
        members.iter_mut().all(|member| !books(member)),
        "30 of 30 are booked"
    );
    // for a moment there is nobody
    for member in members {
        member.finish();
    }
    assert!(
        !books(&mut start(&place, 30)),
        "forgotten when the last one went"
    );
    assert_eq!(
        (number(&place), place.names()),
        (segment, vec!["call_gate.mail".to_owned()])
    );
}

#[test]
fn what_one_process_sets_all_see_and_what_it_closes_is_its_own() {
    let place = Place::new();
    let mut members: Vec<Member> = (0..3).map(|_| start(&place, 5)).collect();
    assert_eq!(members[1].ask("act 0 - limits 2 1"), "done");
    for member in &mut members {
        assert_eq!(member.ask("act 0 - told"), "2 1");
    }
    // who comes later adopts them
    let mut late = start(&place, 99);
    assert_eq!(late.ask("act 0 - told"), "2 1");
    assert_eq!(late.ask("act 0 - limits 4 -"), "done");
    assert_eq!(place.open("mail").unwrap().limits(), Limits::gate(4));

    // a second family of handles in the process that closes the first
    assert_eq!(members[0].ask(open(&place, 1, 4)), "done");
    assert_eq!(members[0].ask("act 0 - shut"), "done");
    let refused = members[0].ask("act 0 - update 1 0");
    assert!(
        refused.starts_with("failed") && refused.contains("closed"),
        "{refused}"
    );
    assert!(members[0].ask("act 1 - update 1 0").starts_with("admitted"));
    assert!(books(&mut members[1]) && books(&mut members[2]) && books(&mut late));
    assert!(!books(&mut members[1]));
    // what a closed family reads is the gate's
    assert!(members[0].ask("act 0 - state").starts_with("state"));
}

#[test]
fn a_process_of_another_time_namespace_is_refused() {
    let place = Place::new();
    let gate = place.open("mail").unwrap();
    gate.try_update(1).unwrap();
    let another = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["-T", "--fork", "--monotonic", "1000"]);
        unshare
    };
    if !another()
        .arg("true")
        .status()
        .is_ok_and(|status| status.success())
    {
        eprintln!("this user may not have a time namespace of his own");
        return;
    }
    let mut program = another();
    program.arg(std::env::current_exe().unwrap());
    let child = worker::command(program, "open", place.path())
        .spawn()
        .unwrap();
    let told = worker::told(child).concat();
    assert!(told.contains("kind: Mismatch"), "{told}");
    assert!(told.contains("time namespace"), "{told}");
    // both sides: theirs is this process's
    let ours = fs::metadata("/proc/self/ns/time")
        .unwrap()
        .ino()
        .to_string();
    assert!(told.contains(&ours), "{told} does not name {ours}");
    gate.try_update(1).unwrap();

    // a gate that lives by its callers' own time has no such bounds, but it is no such gate
    let error = builder("mail")
        .clock(call_gate_core::ManualClock::new(std::time::UNIX_EPOCH))
        .storage(place.storage())
        .build()
        .unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Mismatch);
}
