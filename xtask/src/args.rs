//! The words after a command's name.

/// What is left of the command line; every command takes its own and ends with [`Args::finish`].
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    /// Takes a switch; tells whether it was there.
    pub(crate) fn switch(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes an option with its value.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>, String> {
        let Some(at) = self.0.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at < self.0.len() {
            Ok(Some(self.0.remove(at)))
        } else {
            Err(format!("`{name}` wants a value"))
        }
    }

    /// Takes everything that is left.
    pub(crate) fn rest(self) -> Vec<String> {
        self.0
    }

    /// Refuses words that nobody took, so that a mistyped option is not ignored.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some(word) => Err(format!("unknown option `{word}`; see `cargo xtask help`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn takes_what_is_asked_for_and_refuses_the_rest() {
        let mut args = args("--full --seconds 5 --oops");
        assert!(args.switch("--full"));
        assert!(!args.switch("--full"));
        assert_eq!(args.value("--seconds"), Ok(Some("5".to_owned())));
        assert!(
            args.finish()
                .is_err_and(|message| message.contains("--oops"))
        );
    }

    #[test]
    fn an_option_without_its_value_is_an_error() {
        assert!(args("--only").value("--only").is_err());
    }
}
