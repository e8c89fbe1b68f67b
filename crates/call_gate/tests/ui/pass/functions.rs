//! Every kind of function keeps what it had.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use call_gate::{CallGate, UpdateError, Wait, call_gate};
use std::fmt::{self, Debug, Display};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static GATE: LazyLock<CallGate> = LazyLock::new(|| {
    CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
        .build()
        .unwrap()
});

/// Documented, and to be used.
///
/// # Errors
/// The gate's.
#[call_gate(GATE)]
#[must_use = "for a reason"]
#[inline]
pub fn documented() -> Result<u8, UpdateError> {
    Ok(1)
}

#[call_gate(GATE)]
fn nothing_back() {}

#[call_gate(GATE)]
fn generic<'a, T, const N: usize>(items: &'a [T; N], other: &'a T) -> Result<&'a T, UpdateError>
where
    T: PartialOrd + Debug,
{
    let mut best = other;
    for item in items {
        if item > best {
            best = item;
        }
    }
    Ok(best)
}

#[call_gate(GATE)]
fn impl_traits(shown: impl Display + Copy) -> Result<impl Iterator<Item = String>, UpdateError> {
    Ok(std::iter::repeat_with(move || shown.to_string()).take(2))
}

#[call_gate(GATE)]
fn impl_trait_alone(count: u8) -> impl Iterator<Item = u8> {
    0..count
}

#[call_gate(GATE)]
async fn awaited<T: Clone>(item: &T) -> Result<T, UpdateError> {
    std::future::ready(()).await;
    Ok(item.clone())
}

#[call_gate(GATE)]
async fn awaited_without_result(text: &str) -> usize {
    text.len()
}

#[call_gate(GATE)]
unsafe fn dangerous(pointer: *const u8) -> Result<u8, UpdateError> {
    // SAFETY: the caller's.
    Ok(unsafe { *pointer })
}

#[call_gate(GATE)]
extern "C" fn foreign(number: u8) -> u8 {
    number
}

#[call_gate(GATE)]
fn r#raw(r#type: u8) -> u8 {
    #![allow(unreachable_code, reason = "an inner attribute comes first")]
    //! Inner documentation.
    return r#type;
    0
}

#[call_gate(GATE)]
fn items_first() -> Result<u8, UpdateError> {
    use std::mem::size_of;
    const ONE: usize = size_of::<u8>();
    fn one() -> u8 {
        u8::try_from(ONE).unwrap_or_default()
    }
    Ok(one())
}

#[call_gate(GATE)]
#[call_gate(GATE, value = 2, wait = frames(3))]
fn twice(mut number: u8, (left, right): (u8, u8), _: ()) -> Result<u8, UpdateError> {
    number += left + right;
    Ok(number)
}

#[call_gate(GATE, wait = Wait::Forever)]
fn forever_by_its_path() {}

#[call_gate(GATE, wait = forever)]
fn no_result_by_name() -> Answer<()> {
    converted(false)
}

#[call_gate(GATE, wait = forever)]
fn result_by_another_name() -> AnswerResult<()> {
    converted(false)
}

#[call_gate(GATE)]
fn never_back(code: i32) -> ! {
    std::process::exit(code)
}

// the attribute's own variables are nobody else's
#[call_gate(gate, value = value, wait = wait)]
fn own_names(gate: &CallGate, value: u64, wait: Wait) -> Result<u64, UpdateError> {
    Ok(value + u64::from(wait == Wait::Never) + gate.gate_limit().unwrap_or(0))
}

#[derive(Debug)]
enum AppError {
    Gate(UpdateError),
    Other,
}

impl From<UpdateError> for AppError {
    fn from(error: UpdateError) -> Self {
        Self::Gate(error)
    }
}

impl Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(error) => write!(f, "{error}"),
            Self::Other => f.write_str("other"),
        }
    }
}

impl std::error::Error for AppError {}

type Answer<T> = Result<T, AppError>;
type AnswerResult<T> = Answer<T>;

mod alias {
    pub(crate) type Result<T> = super::Answer<T>;
}

#[call_gate(GATE, wait = never)]
fn converted(fail: bool) -> Result<(), AppError> {
    if fail { Err(AppError::Other) } else { Ok(()) }
}

#[call_gate(GATE)]
fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    Ok(converted(false)?)
}

#[call_gate(GATE)]
fn aliased() -> alias::Result<()> {
    Ok(())
}

struct Sender {
    gate: Arc<CallGate>,
    sent: Vec<String>,
}

impl Sender {
    #[call_gate(GATE)]
    fn new(gate: CallGate) -> Self {
        Self {
            gate: Arc::new(gate),
            sent: Vec::new(),
        }
    }

    #[call_gate(self.gate)]
    fn count(&self) -> Result<usize, UpdateError> {
        Ok(self.sent.len())
    }

    #[call_gate(self.gate, value = batch.len() as u64)]
    fn push(&mut self, batch: Vec<String>) -> Result<&mut [String], AppError> {
        self.sent.extend(batch);
        Ok(&mut self.sent)
    }

    #[call_gate(self.gate)]
    async fn push_async(&mut self, text: &str) -> Result<&str, AppError> {
        self.sent.push(text.to_owned());
        self.sent.last().map(String::as_str).ok_or(AppError::Other)
    }

    #[call_gate(self.gate.as_ref())]
    fn pinned(self: Pin<&mut Self>) {}

    #[call_gate(&*self.gate)]
    fn done(self: Rc<Self>) -> usize {
        self.sent.len()
    }
}

trait Send2 {
    fn gate(&self) -> &CallGate;

    fn send(&self) -> Result<(), UpdateError>;

    #[call_gate(self.gate())]
    fn send_twice(&self) -> Result<(), UpdateError> {
        self.send()?;
        self.send()
    }

    #[call_gate(GATE)]
    async fn send_later(&self) -> Result<(), UpdateError> {
        self.send()
    }
}

impl Send2 for Sender {
    #[call_gate(GATE)]
    fn gate(&self) -> &CallGate {
        &self.gate
    }

    #[call_gate(self.gate, wait = "250ms")]
    fn send(&self) -> Result<(), UpdateError> {
        Ok(())
    }
}

fn is_send(_: impl Send) {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(documented()?, 1);
    nothing_back();
    assert_eq!(generic(&[1, 5, 3], &2)?, &5);
    assert_eq!(impl_traits(7)?.collect::<String>(), "77");
    assert_eq!(impl_trait_alone(3).sum::<u8>(), 3);
    is_send(awaited(&3));
    assert_eq!(awaited(&3).await?, 3);
    assert_eq!(awaited_without_result("two").await, 3);
    let byte = 5;
    // SAFETY: it points to a byte.
    assert_eq!(unsafe { dangerous(&raw const byte) }?, 5);
    assert_eq!(foreign(4), 4);
    assert_eq!(raw(6), 6);
    assert_eq!(items_first()?, 1);
    assert_eq!(twice(1, (2, 3), ())?, 6);
    forever_by_its_path();
    no_result_by_name()?;
    result_by_another_name()?;
    assert_eq!(own_names(&GATE, 3, Wait::Never)?, 4);
    converted(false)?;
    boxed().map_err(|error| error.to_string())?;
    aliased()?;

    let mut sender = Box::new(Sender::new(GATE.clone()));
    assert_eq!(sender.push(vec!["a".to_owned()])?.len(), 1);
    assert_eq!(sender.push_async("b").await?, "b");
    assert_eq!(sender.count()?, 2);
    sender.gate();
    sender.send_twice()?;
    sender.send_later().await?;
    Pin::new(&mut *sender).pinned();
    assert_eq!(Rc::new(*sender).done(), 2);
    if GATE.sum()? == 0 {
        never_back(1);
    }
    Ok(())
}
