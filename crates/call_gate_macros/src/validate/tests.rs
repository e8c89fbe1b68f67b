//! What passes, and that one mistake is one error. The messages are held by the facade's tests.

mod limiter;

use super::{Denial, Gate, literal, output, plan};
use crate::parse::{Args, Function, Setting};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::time::Duration;
use syn::{parse_quote, parse2};

fn mistakes(args: TokenStream, item: TokenStream) -> Vec<String> {
    let (args, function) = (parse2::<Args>(args).unwrap(), parse2::<Function>(item));
    plan(&args, &function.unwrap())
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect()
}

fn function(output: &TokenStream) -> Function {
    parse2(quote!(fn f() -> #output {})).unwrap()
}

#[test]
fn one_mistake_is_one_error() {
    let reports = quote!(
        fn f() -> Result<(), E> {}
    );
    for args in [
        quote!(),
        quote!(value = 5),
        quote!(G, gate_limit = 0, frame_limit = "1", name = ""),
        quote!(gate_size = "1s", frame_step = "1s", gate_limit = 5),
        quote!(gate_size = "1s", frame_step = "2s", gate_limit = 5),
        quote!(
            gate_size = "2s",
            frame_step = "1s",
            gate_limit = 5,
            frame_limit = 0
        ),
        quote!(
            gate_size = "2s",
            frame_step = "1s",
            gate_limit = 0,
            frame_limit = 5
        ),
        quote!(
            gate_size = "2s",
            frame_step = "1s",
            gate_limit = 4,
            frame_limit = 5,
            value = 6
        ),
        quote!(
            gate_size = "2s",
            frame_step = "1s",
            gate_limit = 3,
            frame_limit = 2,
            value = 4
        ),
        quote!(
            gate_size = "2s",
            frame_step = "1s",
            gate_limit = 3,
            value = 0
        ),
        quote!(G, per_second = 0, blocking = 1),
        quote!(name = "", blocking = false, strict = true),
        quote!(gate_limit = 0, per_second = 0, second_window = 0),
        quote!(minute_window = 0),
        quote!(blocking = false),
        quote!(per_second = 0, second_window = 60, per_minute = 3),
        quote!(per_second = 1, second_window = 60, per_minute = 3),
        quote!(per_second = 3, per_minute = 2, max_burst = 1, value = 4),
        quote!(per_second = 3, blocking = false, wait = forever),
        quote!(per_second = 3, blocking = true, wait = never),
        quote!(max_burst = 3, blocking = 1, wait = never),
    ] {
        let mistakes = mistakes(args.clone(), reports.clone());
        assert_eq!(mistakes.len(), 1, "{args}: {mistakes:?}");
    }
}

#[test]
fn independent_mistakes_are_told_together() {
    let args = quote!(
        gate_size = "soon",
        frame_step = "0s",
        gate_limit = -1,
        name = "",
        strict = 1,
        value = 0,
        wait = never,
        crate = 5
    );
    let mistakes = mistakes(
        args,
        quote!(
            const fn f() {}
        ),
    );
    assert_eq!(mistakes.len(), 9, "{mistakes:#?}");
}

#[test]
fn what_is_not_written_out_is_left_to_the_compiler() {
    let args = quote!(
        gate_size = "2s",
        frame_step = "1s",
        gate_limit = LIMIT - 1,
        frame_limit = 1,
        value = -offset,
        wait = frames(-1)
    );
    assert!(
        mistakes(
            args,
            quote!(
                fn f() -> io::Result<()> {}
            )
        )
        .is_empty()
    );
}

#[test]
fn whether_a_function_reports_goes_by_the_spelling() {
    let args = parse2::<Args>(quote!(G)).unwrap();
    let plan_of = |output: &TokenStream| plan(&args, &function(output)).unwrap();
    for output in [
        quote!(Result<(), E>),
        quote!(Result),
        quote!(io::Result<T>),
        quote!(::core::result::Result<impl Iterator<Item = u8>, Box<dyn Error>>),
        quote!((Result<T, E>)),
    ] {
        let plan = plan_of(&output);
        assert!(plan.wait.is_none(), "{output}");
        assert!(matches!(plan.denial, Denial::Returned(_)), "{output}");
        assert!(matches!(plan.gate, Gate::Named(_)), "{output}");
    }
    for output in [
        quote!(()),
        quote!(!),
        quote!(Option<Result<T, E>>),
        quote!(Result::Other),
        quote!(&'a Result<T, E>),
        quote!(impl Try<Result>),
    ] {
        let plan = plan_of(&output);
        assert!(plan.wait.is_none(), "{output}");
        assert!(matches!(plan.denial, Denial::Panics), "{output}");
    }
}

#[test]
fn a_result_under_another_name_is_asked_about() {
    let (silent, forever) = (quote!(G), quote!(G, wait = forever));
    for output in [
        quote!(AppResult<()>),
        quote!(fmt::FmtResult),
        quote!((TestResult)),
    ] {
        let item = quote!(fn f() -> #output {});
        assert_eq!(mistakes(silent.clone(), item.clone()).len(), 1, "{output}");
        assert!(mistakes(forever.clone(), item).is_empty(), "{output}");
    }
    for output in [
        quote!(Results),
        quote!(Option<AppResult>),
        quote!(Resulting),
    ] {
        let item = quote!(fn f() -> #output {});
        assert!(mistakes(silent.clone(), item).is_empty(), "{output}");
    }
}

#[test]
fn to_wait_for_ever_may_be_written_as_a_path() {
    let silent = quote!(
        fn f() {}
    );
    for wait in [
        quote!(forever),
        quote!(Wait::Forever),
        quote!(Forever),
        quote!(::call_gate::Wait::Forever),
    ] {
        let args = quote!(G, wait = #wait);
        assert!(mistakes(args, silent.clone()).is_empty(), "{wait}");
    }
    for wait in [quote!(Wait::Never), quote!(patience()), quote!(FOREVER)] {
        let mistakes = mistakes(quote!(G, wait = #wait), silent.clone());
        assert_eq!(mistakes.len(), 1, "{wait}");
        assert!(mistakes[0].contains("write `wait = forever`"), "{wait}");
    }
}

#[test]
fn futures_are_known_by_their_names() {
    let refused = |output: &TokenStream| output::check(&function(output)).is_err();
    for output in [
        quote!(impl Future<Output = u8>),
        quote!(impl Send + 'a + std::future::Future),
        quote!(Pin<Box<dyn Future<Output = T> + Send>>),
        quote!(Box<dyn Future>),
        quote!(BoxFuture<'a, T>),
        quote!(futures::future::LocalBoxFuture<'a, T>),
        quote!(io::Result<impl Future>),
    ] {
        assert!(refused(&output), "{output}");
    }
    for output in [
        quote!(impl Iterator<Item = Future>),
        quote!(::std::pin::Pin<&'a mut T>),
        quote!(Future),
        quote!(Box<dyn Fn() -> BoxFuture>),
        quote!(Vec<BoxFuture<'a, T>>),
    ] {
        assert!(!refused(&output), "{output}");
    }
    let function = parse2(quote!(
        async fn f() -> impl Future {}
    ))
    .unwrap();
    assert!(output::check(&function).is_ok());
}

#[test]
fn durations_are_exact() {
    let duration = |text: &str| {
        literal::duration(&Setting {
            key: format_ident!("gate_size"),
            value: parse_quote!(#text),
        })
    };
    for (text, nanos) in [
        ("250ms", 250_000_000),
        ("10m", 600_000_000_000),
        ("1.5s", 1_500_000_000),
        ("1h 30min", 5_400_000_000_000),
        ("2days", 172_800_000_000_000),
        ("1us", 1_000),
    ] {
        assert_eq!(
            duration(text).unwrap(),
            Duration::from_nanos(nanos),
            "{text}"
        );
    }
    for text in [
        "",
        "10",
        "0",
        "0s",
        "-1s",
        "1M",
        "2months",
        "1y",
        "1d 1yr",
        "10 parsecs",
    ] {
        assert!(duration(text).is_err(), "{text}");
    }
}
