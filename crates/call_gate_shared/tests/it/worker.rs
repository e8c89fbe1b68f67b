//! Other processes: this very binary, started at one entry that does what its environment says.

use crate::crew;
use crate::place::builder;
use call_gate_shared::SharedMemory;
use rustix::fs::{FallocateFlags, fallocate};
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const JOB: &str = "CALL_GATE_TEST_JOB";
const FOLDER: &str = "CALL_GATE_TEST_FOLDER";

/// A process that does `job` on the gates in `folder`, once something comes on its input.
pub(crate) fn start(job: &str, folder: &Path) -> Child {
    command(Command::new(env::current_exe().unwrap()), job, folder)
        .spawn()
        .unwrap()
}

/// `program`, which may wrap this binary, made to do `job`.
pub(crate) fn command(mut program: Command, job: &str, folder: &Path) -> Command {
    program
        .args(["worker::entry", "--exact", "--ignored", "--nocapture"])
        .env(JOB, job)
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    program
}

/// What a worker told, each line after a mark that the harness does not print.
pub(crate) fn told(child: Child) -> Vec<String> {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split_once("told: "))
        .map(|(_, told)| told.to_owned())
        .collect()
}

#[test]
#[ignore = "what other tests start"]
fn entry() {
    let (Ok(job), Some(folder)) = (env::var(JOB), env::var_os(FOLDER)) else {
        return;
    };
    if let Some(work) = crew::job(&job) {
        work(Path::new(&folder));
        // nobody may be left to read what the harness would say
        std::process::exit(0);
    }
    let storage = SharedMemory::new().directory(&folder);
    let mut start = [0];
    // the end of the input is as good
    let _ = std::io::stdin().read(&mut start).unwrap();
    match &*job {
        // each on its own gate, so that all of them race to make it
        "book" => {
            let mut booked = 0;
            for number in 0..20 {
                let gate = builder(&format!("race {number}")).storage(storage.clone());
                let gate = gate.build().unwrap();
                booked += (0..10).filter(|_| gate.try_update(1).is_ok()).count();
            }
            println!("told: {booked}");
        }
        "churn" => {
            let mut booked = 0;
            for turn in 0..200 {
                if turn % 3 == 0 {
                    storage.remove_segment("churned").unwrap();
                }
                let gate = builder("churned").storage(storage.clone()).build();
                // somebody may have removed it since
                booked += usize::from(gate.unwrap().try_update(1).is_ok());
            }
            println!("told: {booked}");
        }
        "open" => {
            let error = builder("mail").storage(storage).build().err();
            println!("told: {error:?}");
        }
        "hole" => {
            let open = || builder("mail").storage(storage.clone()).build();
            drop(open().unwrap());
            let folder = Path::new(&folder);
            let path = folder.join("call_gate.mail");
            let segment = OpenOptions::new().write(true).open(path).unwrap();
            let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(&segment, hole, 4096, 4096).unwrap();
            let mut filler = File::create(folder.join("more")).unwrap();
            while filler.write_all(&[1; 4096]).is_ok() {}
            println!("told: {:?}", open().err());
        }
        other => panic!("no job {other}"),
    }
}
