//! What can be wrong with a gate's file.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::{ConfigError, StorageError};

/// The most characters of a value that a message shows.
const SHOWN: usize = 80;

type Source = Box<dyn Error + Send + Sync>;

/// Says why a gate's file could not be read or written.
///
/// The message names the file, the field, the value and the rule it breaks.
#[derive(Debug)]
pub struct FileError(Box<Inner>);

/// Tells the kinds of [`FileError`] apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The file could not be read.
    Read,
    /// The file could not be written.
    Write,
    /// The file is larger than any gate's.
    TooBig,
    /// The file is not a JSON object.
    Syntax,
    /// A field is missing, given twice, or against a rule.
    Field,
    /// The fields are fine one by one, but no gate can be built of them.
    Config,
    /// The gate's storage could not be asked for what to write.
    Storage,
}

#[derive(Debug)]
struct Inner {
    path: Option<PathBuf>,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Read(io::Error),
    Write(&'static str, io::Error),
    TooBig(u64),
    Syntax(Source),
    Field {
        field: &'static str,
        value: Option<String>,
        rule: Cow<'static, str>,
        source: Option<Source>,
    },
    Config(ConfigError),
    Storage(StorageError),
}

impl FileError {
    /// Returns what kind of error this is.
    #[must_use]
    pub fn kind(&self) -> FileErrorKind {
        match self.0.problem {
            Problem::Read(_) => FileErrorKind::Read,
            Problem::Write(..) => FileErrorKind::Write,
            Problem::TooBig(_) => FileErrorKind::TooBig,
            Problem::Syntax(_) => FileErrorKind::Syntax,
            Problem::Field { .. } => FileErrorKind::Field,
            Problem::Config(_) => FileErrorKind::Config,
            Problem::Storage(_) => FileErrorKind::Storage,
        }
    }

    /// Returns the file's path, where there is a file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns the field at fault, as the file names it.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self.0.problem {
            Problem::Field { field, .. } => Some(field),
            _ => None,
        }
    }

    /// Names the file that the error is about.
    pub(crate) fn at(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_path_buf());
        self
    }

    pub(super) fn read(error: io::Error) -> Self {
        Self::new(Problem::Read(error))
    }

    /// A write that failed while `doing` something ("cannot ...").
    pub(super) fn write(doing: &'static str, error: io::Error) -> Self {
        Self::new(Problem::Write(doing, error))
    }

    pub(super) fn too_big(limit: u64) -> Self {
        Self::new(Problem::TooBig(limit))
    }

    pub(super) fn syntax(error: impl Into<Source>) -> Self {
        Self::new(Problem::Syntax(error.into()))
    }

    /// A field that breaks `rule`, which continues the sentence "it ...".
    pub(super) fn field_rule(
        field: &'static str,
        value: &str,
        rule: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Problem::Field {
            field,
            value: Some(printable(value, SHOWN)),
            rule: rule.into(),
            source: None,
        })
    }

    /// A field at fault whatever its value is: missing, or given twice.
    pub(super) fn field_itself(field: &'static str, rule: &'static str) -> Self {
        Self::new(Problem::Field {
            field,
            value: None,
            rule: rule.into(),
            source: None,
        })
    }

    /// Keeps the cause of a field's error.
    pub(super) fn because(mut self, error: impl Into<Source>) -> Self {
        if let Problem::Field { source, .. } = &mut self.0.problem {
            *source = Some(error.into());
        }
        self
    }

    fn new(problem: Problem) -> Self {
        Self(Box::new(Inner {
            path: None,
            problem,
        }))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            let path = path.display().to_string();
            write!(f, "\"{}\": ", printable(&path, usize::MAX))?;
        }
        match &self.0.problem {
            Problem::Read(error) => write!(f, "cannot read the file: {error}"),
            Problem::Write(doing, error) => write!(f, "cannot {doing}: {error}"),
            Problem::TooBig(limit) => write!(f, "the file is larger than {limit} bytes"),
            Problem::Syntax(error) => {
                let error = error.to_string();
                write!(
                    f,
                    "the file is not the JSON of a gate: {}",
                    printable(&error, SHOWN)
                )
            }
            Problem::Field {
                field, value, rule, ..
            } => match value {
                Some(value) => write!(f, "field `{field}` is {value}: it {rule}"),
                None => write!(f, "field `{field}` {rule}"),
            },
            Problem::Config(error) => write!(f, "no gate can be built of it: {error}"),
            Problem::Storage(error) => write!(f, "cannot read the gate's storage: {error}"),
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0.problem {
            Problem::Read(error) | Problem::Write(_, error) => Some(error),
            Problem::Syntax(error) => Some(&**error),
            Problem::Field { source, .. } => source
                .as_deref()
                .map(|error| error as &(dyn Error + 'static)),
            Problem::Config(error) => Some(error),
            Problem::Storage(error) => Some(error),
            Problem::TooBig(_) => None,
        }
    }
}

impl From<ConfigError> for FileError {
    fn from(error: ConfigError) -> Self {
        Self::new(Problem::Config(error))
    }
}

impl From<StorageError> for FileError {
    fn from(error: StorageError) -> Self {
        Self::new(Problem::Storage(error))
    }
}

/// Escapes what would not print and cuts the rest off after `most` characters.
fn printable(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => shown.extend(c.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_short_and_printable() {
        assert_eq!(
            printable("\"a\\b\"\n\u{202e}é", SHOWN),
            "\"a\\b\"\\n\\u{202e}é"
        );
        let long = "x".repeat(1_000);
        assert_eq!(printable(&long, SHOWN).chars().count(), SHOWN + 1);
    }

    #[test]
    fn the_message_names_file_field_value_and_rule() {
        let error = FileError::field_rule("gate_size", "-1.0", "must be above zero");
        assert_eq!(
            error.at(Path::new("a\nb.json")).to_string(),
            r#""a\nb.json": field `gate_size` is -1.0: it must be above zero"#,
        );
    }

    #[test]
    fn it_travels_between_threads() {
        fn check<T: Send + Sync + Error + 'static>() {}
        check::<FileError>();
    }
}
