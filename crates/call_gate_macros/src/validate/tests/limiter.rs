//! Limiters of functions' own.

use super::super::{Gate, plan};
use super::{function, mistakes};
use crate::parse::Args;
use quote::{format_ident, quote};
use syn::parse2;

#[test]
fn independent_mistakes_are_told_together() {
    let args = quote!(
        per_second = 0,
        second_window = 0,
        minute_window = 3,
        per_hour = "3",
        per_day = 1,
        day_window = 7306,
        max_burst = -1,
        name = "",
        strict = 1,
        value = 0,
        blocking = false
    );
    let mistakes = mistakes(
        args,
        quote!(
            fn f() {}
        ),
    );
    assert_eq!(mistakes.len(), 10, "{mistakes:#?}");
}

#[test]
fn a_limiter_has_the_keys_that_were_written() {
    let args = quote!(
        per_day = LIMIT,
        second_window = 3,
        per_second = 5,
        max_burst = 2,
        value = 2
    );
    let args = parse2::<Args>(args).unwrap();
    let function = function(&quote!(()));
    let Gate::Limiter(limiter) = plan(&args, &function).unwrap().gate else {
        panic!("no limiter");
    };
    let limits = limiter
        .limits()
        .map(|limit| (limit.key.to_string(), limit.written));
    assert_eq!(
        limits.collect::<Vec<_>>(),
        [
            ("per_second".to_owned(), Some(5)),
            ("per_day".to_owned(), None),
            ("max_burst".to_owned(), Some(2))
        ]
    );
    let windows = limiter.rates.iter().map(|rate| &rate.window);
    let lengths = windows.map(|window| window.as_ref().and_then(|window| window.written));
    assert_eq!(lengths.collect::<Vec<_>>(), [Some(3), None]);
    assert_eq!(limiter.booked.map(|(value, _)| value), Some(2));
    assert_eq!(limiter.blocking, None);
    assert!(!limiter.is_strict);
}

#[test]
fn twenty_years_are_the_longest_window() {
    let reports = quote!(
        fn f() -> Result<(), E> {}
    );
    for (unit, most) in [
        ("second", 631_152_000_u64),
        ("minute", 10_519_200),
        ("hour", 175_320),
        ("day", 7_305),
    ] {
        let (rate, window) = (format_ident!("per_{unit}"), format_ident!("{unit}_window"));
        let more = most + 1;
        let told = mistakes(quote!(#rate = 3, #window = #most), reports.clone());
        assert!(told.is_empty(), "{told:?}");
        let told = mistakes(quote!(#rate = 3, #window = #more), reports.clone());
        assert!(told[0].contains(&format!("{most} {unit}s")), "{told:?}");
    }
}

#[test]
fn not_to_block_takes_a_result() {
    let blocking = quote!(max_burst = 2, blocking = false);
    for output in [quote!(()), quote!(AppResult<()>), quote!(Option<u8>)] {
        let item = quote!(fn f() -> #output {});
        let told = mistakes(blocking.clone(), item);
        assert_eq!(told.len(), 1, "{output}: {told:?}");
        assert!(
            told[0].contains("`f` could neither wait nor say"),
            "{told:?}"
        );
    }
    let item = quote!(
        fn f() -> io::Result<()> {}
    );
    assert!(mistakes(blocking, item.clone()).is_empty());
    let agree = quote!(max_burst = 2, blocking = false, wait = never);
    assert!(mistakes(agree, item.clone()).is_empty());
    let agree = quote!(max_burst = 2, blocking = true, wait = "1s");
    assert!(mistakes(agree, item).is_empty());
}
