//! Two tasks and a thread for each gate, and what they record.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use call_gate::{AsyncCallGate, CallGate, UpdateError, Wait};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::record::Record;
use crate::{FRAME_LIMIT, FRAME_STEP, GATE_LIMIT, GATE_SIZE};

const TASKS: usize = 2;
/// What a caller does with each admission.
const WORK: Duration = Duration::from_millis(4);

pub(crate) struct Callers {
    runtime: Runtime,
    tasks: JoinSet<Result<(), UpdateError>>,
    threads: Vec<JoinHandle<Result<(), UpdateError>>>,
    admissions: Vec<Admissions>,
}

/// The frame of each admission to a gate.
#[derive(Clone, Default)]
struct Admissions(Arc<Mutex<Vec<SystemTime>>>);

impl Admissions {
    fn add(&self, frame: SystemTime) {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.push(frame);
    }

    fn all(&self) -> Vec<SystemTime> {
        let frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        frames.clone()
    }
}

impl Callers {
    pub(crate) fn start(gates: &[CallGate]) -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        let mut callers = Self {
            runtime,
            tasks: JoinSet::new(),
            threads: Vec::new(),
            admissions: Vec::new(),
        };
        for gate in gates {
            let admissions = Admissions::default();
            for _ in 0..TASKS {
                let task = call_from_task(gate.clone().into(), admissions.clone());
                callers.tasks.spawn_on(task, callers.runtime.handle());
            }
            let (gate, record) = (gate.clone(), admissions.clone());
            let thread = thread::spawn(move || call_from_thread(&gate, &record));
            callers.threads.push(thread);
            callers.admissions.push(admissions);
        }
        Ok(callers)
    }

    /// How often the gate of this number has admitted, in words.
    pub(crate) fn so_far(&self, number: usize) -> String {
        let admissions = self.admissions.get(number);
        let count = admissions.map_or(0, |admissions| admissions.all().len());
        format!("it had admitted {count}")
    }

    /// Lets all come to their end, and judges what each gate has admitted.
    pub(crate) fn end(
        mut self,
        out: &mut impl Write,
        gates: &[CallGate],
    ) -> Result<(), Box<dyn Error>> {
        gates.iter().for_each(CallGate::close);
        while let Some(ended) = self.runtime.block_on(self.tasks.join_next()) {
            ended??;
        }
        for thread in self.threads {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        for (gate, admissions) in gates.iter().zip(&self.admissions) {
            let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
            for frame in admissions.all() {
                record.book(frame, 1)?;
            }
            let checked = record.check()?;
            let (used, allowed) = record.used_of_allowed();
            writeln!(
                out,
                "{:16} {} admitted, {used} in whole windows of the {allowed} that its limit allows; {checked}",
                gate.name(),
                checked.admitted
            )?;
            // those who wait come when there is room, and a busy machine may make them late
            if used * 10 < allowed * 9 {
                return Err("room went to waste while callers waited for it".into());
            }
        }
        Ok(())
    }
}

async fn call_from_task(gate: AsyncCallGate, admissions: Admissions) -> Result<(), UpdateError> {
    loop {
        match gate.update_with(1, Wait::Forever).await {
            Ok(reading) => admissions.add(reading.frame().start()),
            Err(UpdateError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(WORK).await;
    }
}

fn call_from_thread(gate: &CallGate, admissions: &Admissions) -> Result<(), UpdateError> {
    loop {
        match gate.update_with(1, Wait::Forever) {
            Ok(reading) => admissions.add(reading.frame().start()),
            Err(UpdateError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
        thread::sleep(WORK);
    }
}
