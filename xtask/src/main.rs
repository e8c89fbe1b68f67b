//! Commands of this workspace: `cargo xtask help` lists them.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    reason = "printing is what a command line program does"
)]

mod args;
mod bench;
mod ci;
mod decorated;
mod examples;
mod features;
mod fuzz;
mod mutants;
mod no_std;
mod outside;
mod package;
mod plan;
mod process;
mod python;
mod redis;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use args::Args;

struct Command {
    name: &'static str,
    options: &'static str,
    about: &'static str,
    run: fn(Args) -> Result<(), String>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        options: "[--full] [--keep-going]",
        about: "everything that must pass before a change lands",
        run: ci::run,
    },
    Command {
        name: "test",
        options: "[--full]",
        about: "every test suite, with what it needs set up first; --full takes the long forms",
        run: test::run,
    },
    Command {
        name: "tidy",
        options: "",
        about: "dependency graph, file heads, snippet versions, words that must not be committed",
        run: tidy::run,
    },
    Command {
        name: "bench",
        options: "[--smoke] [..]",
        about: "measurements beside the peers; options go to the program in benches/",
        run: bench::run,
    },
    Command {
        name: "mutants",
        options: "[--check] [--only NAME]",
        about: "plants each fault of xtask/mutants.toml and expects the tests to fail",
        run: mutants::run,
    },
    Command {
        name: "fuzz",
        options: "[--seconds N] [--seed N] [--trace]",
        about: "hostile snapshot files, made from those in testdata",
        run: fuzz::run,
    },
    Command {
        name: "help",
        options: "",
        about: "this list",
        run: |_| {
            help();
            Ok(())
        },
    },
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let name = words.next().unwrap_or_else(|| "help".to_owned());
    let name = if name == "--help" || name == "-h" {
        "help".to_owned()
    } else {
        name
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        help();
        println!("\nno command named `{name}`");
        return ExitCode::FAILURE;
    };
    match (command.run)(Args::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            println!("\ncargo xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn help() {
    println!("usage: cargo xtask <command> [options]\n");
    for command in COMMANDS {
        println!(
            "  {:<8} {:<34} {}",
            command.name, command.options, command.about
        );
    }
}
