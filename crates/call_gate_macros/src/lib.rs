//! The attribute `#[call_gate(..)]`, which puts a function behind a gate or a limiter.
//!
//! Use it through the crate `call_gate`, feature `macros`: what it expands to lives there.

#![forbid(unsafe_code)]

mod expand;
mod parse;
mod validate;

use crate::parse::Function;
use proc_macro2::TokenStream;
use syn::Result;

/// Puts a function behind a gate: each call books before the body runs.
///
/// The gate is any expression that is, or derefs to, a gate or a limiter; it
/// comes first. It may name what the function's body could name: statics, arguments, fields
/// of `self`. Do not lock in it: its temporaries live until the call is
/// admitted, and so the lock would be held while it waits. Look the gate up in
/// a function that returns a clone of it, or an `Arc`. A limiter's permit is
/// held until the body is done, `await`s included, and given back however it
/// ends.
///
/// ```ignore
/// static GITHUB: LazyLock<CallGate> = /* .. */;
///
/// #[call_gate(GITHUB, value = 5, wait = never)]
/// async fn search(query: &str) -> Result<Hits, AppError> { /* .. */ }
///
/// #[call_gate(self.gate, value = batch.len() as u64)]
/// fn push(&mut self, batch: Vec<Row>) -> Result<(), AppError> { /* .. */ }
/// ```
///
/// Without an expression the function has a gate of its own in memory, shared
/// by all its callers and, in a generic function, by all its instances:
///
/// ```ignore
/// #[call_gate(name = "gmail", gate_size = "10m", frame_step = "1s", gate_limit = 1200, frame_limit = 2)]
/// fn send(mail: &Mail) -> Result<(), MailError> { /* .. */ }
/// ```
///
/// With rates instead, or `max_burst`, it has a limiter of its own, which takes
/// the feature `limiter`; before an `async fn`, an async one:
///
/// ```ignore
/// // 3 in three seconds, 5 in a minute, and two at once
/// #[call_gate(per_second = 3, second_window = 3, per_minute = 5, max_burst = 2)]
/// fn send(mail: &Mail) -> Result<(), MailError> { /* .. */ }
/// ```
///
/// | key | takes | unless given |
/// | --- | --- | --- |
/// | `value` | what a call books, a `u64`; if it is no literal it is judged at the call | 1 |
/// | `wait` | `never`, `window`, `forever`, `frames(3)`, `"250ms"`, or a `Wait` | `window`; `forever` at a limiter that blocks, and without a `Result` |
/// | `crate` | the path of the crate `call_gate` | `::call_gate` |
/// | `name` | the name of the function's own gate or limiter | no name |
/// | `strict` | `true` or `false` | `false` |
///
/// A gate of the function's own:
///
/// | key | takes | unless given |
/// | --- | --- | --- |
/// | `gate_size`, `frame_step` | durations, as in `"10m"` | required |
/// | `gate_limit`, `frame_limit` | numbers | at least one is required |
///
/// A limiter of the function's own:
///
/// | key | takes | unless given |
/// | --- | --- | --- |
/// | `per_second`, `per_minute`, `per_hour`, `per_day` | numbers: what calls may book in that window | no such window; at least one, or `max_burst`, is required |
/// | `second_window`, `minute_window`, `hour_window`, `day_window` | numbers: how many seconds, minutes, hours or days long that window is, up to twenty years | 1 |
/// | `max_burst` | a number up to 16,777,215: how many calls are in the body at once; a call takes as many places as its `value` | no bound |
/// | `blocking` | `true`, or `false` for what `wait = never` says; that takes a `Result` | `true` |
///
/// Numbers are constants of type `u64` from 1, but no `Self::X` and no generic
/// parameter. How finely a limiter's windows are counted is what
/// `RateLimiterBuilder::limit` says.
///
/// Of two gates on one function the lower one is passed first. A
/// `#[tracing::instrument]` below it has the wait in its span, one above it
/// only the body: its `err` sees no denial.
///
/// # Errors
/// A function whose return type is spelled `Result` returns what the gate
/// says, converted with `From` into its own error. Any other function waits
/// until it is admitted, even by a limiter that was built not to block; if the
/// name of its type only ends in `Result`, it has to say so by
/// `wait = forever`.
///
/// # Panics
/// A function whose return type is not spelled `Result` panics when waiting cannot help: the gate is
/// closed, its storage fails, the value is above a limit.
///
/// # Cancel safety
/// An async function that is dropped while it waits has booked nothing; its
/// body has not begun.
#[proc_macro_attribute]
pub fn call_gate(
    args: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    gated(args.into(), item.clone())
        .unwrap_or_else(|error| {
            // the item as it was, so that who uses it is not in error too
            let mut tokens = error.into_compile_error();
            tokens.extend(item);
            tokens
        })
        .into()
}

fn gated(args: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let (args, function) = both(syn::parse2(args), syn::parse2::<Function>(item))?;
    let plan = validate::plan(&args, &function)?;
    Ok(expand::function(&plan, &function))
}

/// Both, or all that is wrong with them.
fn both<A, B>(one: Result<A>, other: Result<B>) -> Result<(A, B)> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(mut error), Err(more)) => {
            error.combine(more);
            Err(error)
        }
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}
