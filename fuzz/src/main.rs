//! Drives the fuzz target without coverage: mutates the sample files with a seeded generator.
//!
//! Options: `--seconds N` (10), `--seed N` (of the clock), `--trace` to write each input to
//! `artifacts/last.json` before it is tried, which finds one that ends the process.

#![forbid(unsafe_code)]

mod mutate;

use std::error::Error;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mutate::Mutator;

const SAMPLES: &str = "../crates/call_gate_core/testdata";
/// Accepted mutants kept as further samples, which is how the driver gets deep into the format.
const KEPT: usize = 500;
/// No file that fits the target should take longer.
const SLOW: Duration = Duration::from_secs(5);

struct Options {
    seconds: u64,
    seed: u64,
    trace: bool,
}

fn main() -> ExitCode {
    match options().and_then(|options| fuzz(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        seconds: 10,
        seed: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        trace: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || -> Result<u64, Box<dyn Error>> {
            let text = words
                .next()
                .ok_or_else(|| format!("`{word}` wants a number"))?;
            Ok(text.parse()?)
        };
        match word.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            "--trace" => options.trace = true,
            _ => return Err(format!("unknown option `{word}`").into()),
        }
    }
    Ok(options)
}

fn fuzz(options: &Options) -> Result<(), Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let artifacts = home.join("artifacts");
    fs::create_dir_all(&artifacts)?;
    let mut samples = samples(&home.join(SAMPLES))?;
    let given = samples.len();
    println!(
        "fuzz: {given} samples, {} s, seed {}",
        options.seconds, options.seed
    );
    panic::set_hook(Box::new(|_| ()));

    let mut mutator = Mutator::new(options.seed);
    let (mut tried, mut accepted) = (0_u64, 0_u64);
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(options.seconds) {
        // The samples as they are come first.
        let input = match samples.get(usize::try_from(tried)?) {
            Some(sample) if usize::try_from(tried)? < given => sample.clone(),
            _ => mutator.mutate(&samples),
        };
        if options.trace {
            fs::write(artifacts.join("last.json"), &input)?;
        }
        let start = Instant::now();
        let result =
            panic::catch_unwind(AssertUnwindSafe(|| call_gate_fuzz::snapshot_file(&input)));
        let took = start.elapsed();
        slowest = slowest.max(took);
        tried += 1;
        let fault = match &result {
            Err(payload) => Some(words(payload.as_ref())),
            Ok(_) if took > SLOW => Some(format!("took {took:?}")),
            Ok(_) => None,
        };
        if let Some(fault) = fault {
            let path = artifacts.join(format!("fault-{}-{tried}.json", options.seed));
            fs::write(&path, &input)?;
            return Err(format!(
                "{fault}\n  input {tried} of seed {}, saved as {}",
                options.seed,
                path.display()
            )
            .into());
        }
        if result.unwrap_or(false) {
            accepted += 1;
            if samples.len() < given + KEPT {
                samples.push(input);
            } else {
                let place = given + mutator.below(KEPT);
                samples[place] = input;
            }
        }
    }
    let rate = tried * 1000 / u64::try_from(began.elapsed().as_millis())?.max(1);
    println!(
        "fuzz: {tried} inputs, {rate} a second, {accepted} of them gates' files, slowest {slowest:?}; no fault"
    );
    if accepted == 0 {
        return Err("not even the samples were accepted".into());
    }
    Ok(())
}

/// Every JSON file of a folder and its folders, in an order that the seed can rely on.
fn samples(folder: &Path) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut paths = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path: PathBuf = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "json") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(format!("no sample files in {}", folder.display()).into());
    }
    let read = paths.iter().map(fs::read);
    Ok(read.collect::<Result<_, _>>()?)
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    format!("panicked: {}", text.unwrap_or("without words"))
}
