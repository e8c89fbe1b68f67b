//! The machine that the numbers come from.

use std::fs;
use std::thread;

use jiff::Zoned;
use jiff::tz::TimeZone;

/// What a reader has to know to make anything of a nanosecond.
#[derive(Debug)]
pub struct Machine {
    /// Name and value, in the order of the report.
    pub facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// Reads the facts; called before anything is measured.
    pub fn read() -> Self {
        let cores = thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string());
        let today = Zoned::now().with_time_zone(TimeZone::UTC).date();
        Self {
            facts: vec![
                ("processor", processor().unwrap_or_else(unknown)),
                ("cores", cores),
                ("system", system().unwrap_or_else(unknown)),
                ("clock source", clock_source().unwrap_or_else(unknown)),
                ("compiler", env!("BENCH_RUSTC").to_owned()),
                ("date", today.to_string()),
                ("load before", load().unwrap_or_else(unknown)),
            ],
        }
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = field("model name")?;
    // A virtual machine's model name often says nothing; the numbers do.
    match (field("cpu family"), field("model\t")) {
        (Some(family), Some(number)) => Some(format!("{model}, family {family}, model {number}")),
        _ => Some(model),
    }
}

/// Kernel and its version, without what the distributor adds.
fn system() -> Option<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/ostype").ok()?;
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let numbers = release.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let version = numbers.map(str::to_owned).next()?;
    Some(format!(
        "{} {version}, {}",
        kernel.trim(),
        std::env::consts::ARCH
    ))
}

fn clock_source() -> Option<String> {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn load() -> Option<String> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    let mut averages = load.split(' ');
    Some(format!(
        "{} over 1 min, {} over 5 min",
        averages.next()?,
        averages.next()?
    ))
}
