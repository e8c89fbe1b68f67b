//! What passes, and that one mistake is one error. The messages are held by the facade's tests.

use super::{Denial, Gate, Wait, literal, output, plan};
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
fn the_default_wait_goes_by_the_return_type() {
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
        assert!(matches!(plan.wait, Wait::Window), "{output}");
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
        assert!(matches!(plan.wait, Wait::Forever), "{output}");
        assert!(matches!(plan.denial, Denial::Panics), "{output}");
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
