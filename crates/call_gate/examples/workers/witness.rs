//! What the gate itself held in each frame, and the judgement of what was reported.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::time::SystemTime;

use call_gate::CallGate;

use crate::record::Record;
use crate::shift::{FRAME_LIMIT, FRAME_STEP, GATE_LIMIT, GATE_SIZE};

#[derive(Default)]
pub(crate) struct Witness {
    /// As they were seen last: a frame that is over does not change any more.
    held: BTreeMap<SystemTime, u64>,
    sum: u64,
}

impl Witness {
    /// Remembers what the window holds; to be called more than once in each window.
    pub(crate) fn look(&mut self, gate: &CallGate) -> Result<(), Box<dyn Error>> {
        let state = gate.state()?;
        let current = state.current_frame().start();
        if let Some((last, _)) = self.held.last_key_value()
            && current >= *last + GATE_SIZE
        {
            return Err(
                "this machine stood still for a whole window: frames went by unseen".into(),
            );
        }
        let mut start = current;
        for value in state.frames() {
            self.held.insert(start, *value);
            start -= FRAME_STEP;
        }
        self.sum = state.sum();
        Ok(())
    }

    /// What the window held when it was looked at last.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// Judges what was admitted, by the reports and by the gate.
    ///
    /// A process that is killed between its booking and its report leaves a
    /// booking that nobody reported: one at most, and in a frame of `killed`,
    /// from its last report to its end. It counts like any other.
    pub(crate) fn judge(
        &self,
        out: &mut impl Write,
        reports: impl Iterator<Item = SystemTime>,
        killed: Option<(SystemTime, SystemTime)>,
    ) -> Result<(), Box<dyn Error>> {
        let (last_report, end) = killed.ok_or("nobody was killed after a report")?;
        let mut reported: BTreeMap<SystemTime, u64> = BTreeMap::new();
        for frame in reports {
            if !self.held.contains_key(&frame) {
                return Err(
                    format!("a report tells of {frame:?}, which the gate never had").into(),
                );
            }
            *reported.entry(frame).or_default() += 1;
        }
        let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
        let mut unreported = 0;
        for (frame, held) in &self.held {
            let told = reported.get(frame).copied().unwrap_or(0);
            let missing = held
                .checked_sub(told)
                .ok_or_else(|| format!("{told} were reported in a frame that holds {held}"))?;
            if missing > 0 && !(last_report..=end).contains(frame) {
                return Err(format!(
                    "{missing} that nobody reported are in a frame in which nobody was killed"
                )
                .into());
            }
            unreported += missing;
            record.book(*frame, *held)?;
        }
        if unreported > 1 {
            return Err(format!(
                "{unreported} bookings of one killed process, at most one can go unreported"
            )
            .into());
        }
        writeln!(out, "{}", record.check()?)?;
        let (used, allowed) = record.used_of_allowed();
        writeln!(
            out,
            "{used} in whole windows, of the {allowed} that the limit allows"
        )?;
        // those who wait come when there is room, and a busy machine may make them late
        if used * 10 < allowed * 9 {
            return Err("room went to waste while workers waited for it".into());
        }
        writeln!(
            out,
            "the gate holds the same, frame by frame; {}",
            match unreported {
                0 => "the killed process had reported all that it booked",
                _ =>
                    "but for one booking that the killed process had no time to report, which counts",
            }
        )?;
        Ok(())
    }
}
