//! An access log through a gate whose clock is the log's.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::time::{Duration, SystemTime};

use call_gate::{CallGate, Limits, ManualClock, UpdateError};

use crate::chart::{self, Bar};
use crate::log::Log;
use crate::record::{Full, Record};

const GATE_SIZE: Duration = Duration::from_secs(10);
const FRAME_STEP: Duration = Duration::from_secs(1);
const GATE_LIMIT: u64 = 60;
const FRAME_LIMIT: u64 = 12;

/// Replays the log and fails if any answer differs from what the limits say by definition.
pub(crate) fn run(out: &mut impl Write, log: &Log) -> Result<(), Box<dyn Error>> {
    let Some(first) = log.entries.first() else {
        return Ok(());
    };
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + first.time());
    let gate = CallGate::unnamed(GATE_SIZE, FRAME_STEP)
        .limits(Limits::gate(GATE_LIMIT).with_frame(FRAME_LIMIT))
        .clock(clock.clone())
        .build()?;
    writeln!(
        out,
        "   {} requests; at most {FRAME_LIMIT} in a frame of {FRAME_STEP:?} and {GATE_LIMIT} in {GATE_SIZE:?}",
        log.entries.len()
    )?;

    let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
    let mut frames: BTreeMap<Duration, Bar> = BTreeMap::new();
    let (mut by_frame, mut by_gate, mut late) = (0_u64, 0_u64, 0_u64);
    let mut latest = first.time();
    for entry in &log.entries {
        let time = entry.time();
        clock.set(SystemTime::UNIX_EPOCH + time);
        // Servers write a line when a request ends and stamp it with when it began, so lines can
        // be late. Time does not run backwards in a gate: a late one counts in the newest frame.
        late += u64::from(record.frame_of(time) < record.frame_of(latest));
        latest = latest.max(time);
        let start = record.frame_of(latest);
        let bar = frames.entry(start).or_default();

        let due = record.full(start);
        let found = match gate.try_update(1) {
            Ok(reading) => {
                let frame = reading.frame().start();
                if frame != SystemTime::UNIX_EPOCH + start {
                    return Err(format!(
                        "a call at {latest:?} was booked in the frame at {frame:?}"
                    )
                    .into());
                }
                record.book(frame, 1)?;
                bar.admitted += 1;
                None
            }
            Err(UpdateError::FrameLimit(_)) => {
                bar.denied += 1;
                by_frame += 1;
                Some(Full::Frame)
            }
            Err(UpdateError::GateLimit(_)) => {
                bar.denied += 1;
                by_gate += 1;
                Some(Full::Gate)
            }
            Err(error) => return Err(error.into()),
        };
        if found != due {
            return Err(format!(
                "a call at {latest:?} met {found:?}, by definition it meets {due:?}"
            )
            .into());
        }
    }

    chart::draw(out, &frames, FRAME_STEP, first.offset)?;
    let checked = record.check()?;
    writeln!(
        out,
        "   {} admitted, {} denied ({by_frame} by the frame limit, {by_gate} by the gate limit)",
        checked.admitted,
        by_frame + by_gate
    )?;
    for (count, what) in [
        (late, "came late and counted in the newest frame"),
        (log.skipped as u64, "not understood and left out"),
    ] {
        if count > 0 {
            writeln!(
                out,
                "   {count} line{} {what}",
                if count == 1 { "" } else { "s" }
            )?;
        }
    }
    writeln!(out, "   {checked}")?;
    writeln!(
        out,
        "   and each of the {} answers is the one that the definition gives",
        log.entries.len()
    )?;
    Ok(())
}
