//! The shape of what comes out: the function around the booking is the one that went in.

use crate::gated;
use proc_macro2::TokenStream;
use quote::quote;

/// What stands before, in and after the admission.
fn parts(args: TokenStream, item: TokenStream) -> [String; 3] {
    let tokens = gated(args, item).unwrap().to_string();
    let (before, rest) = tokens.split_once("let __call_gate_guard = {").unwrap();
    let end = "} ; const _ : () = () ;";
    let (admission, after) = rest.split_once(end).unwrap();
    [before, admission, after].map(|part| part.trim().to_owned())
}

#[test]
fn the_function_stays_as_it_was() {
    let [before, _, after] = parts(
        quote!(GATE),
        quote! {
            #[doc = "outer"]
            pub(crate) async unsafe fn r#try<'a, T: ?Sized>(mut a: &'a T) -> Result<(), E> where T: B {
                #![allow(unused)]
                return body(a)?;
            }
        },
    );
    let head = quote! {
        #[doc = "outer"]
        pub(crate) async unsafe fn r#try<'a, T: ?Sized>(mut a: &'a T) -> Result<(), E> where T: B
    };
    let inner = quote!(#![allow(unused)]);
    assert_eq!(before, format!("{head} {{ {inner}"));
    assert_eq!(after, format!("{} }}", quote!(return body(a)?;)));
}

#[test]
fn the_booking_goes_by_the_kind_of_function() {
    let admission = |args, item| {
        let [_, admission, _] = parts(args, item);
        admission
    };
    let sync = admission(
        quote!(G),
        quote!(
            fn f() -> Result<(), E> {}
        ),
    );
    assert!(
        sync.contains(&quote!(::call_gate::decorator::admit(&(G), __call_gate_entry);).to_string())
    );
    assert!(sync.ends_with("__call_gate_passed ?"));
    assert!(sync.contains(&quote!(Entry::new(__call_gate_value);).to_string()));

    let awaited = admission(
        quote!(G, crate = a::b),
        quote!(
            async fn r#in() {}
        ),
    );
    let call = quote!(a::b::decorator::admit_async(&(G), __call_gate_entry).await;);
    assert!(awaited.contains(&call.to_string()));
    assert!(
        awaited.ends_with(&quote!(a::b::decorator::must(__call_gate_passed, "in")).to_string())
    );
    assert!(awaited.contains(&quote!(Entry::new(__call_gate_value).unreported();).to_string()));

    let given = admission(
        quote!(G, wait = a::Wait::Forever),
        quote!(
            fn f() {}
        ),
    );
    assert!(given.contains(&quote!(Wait = a::Wait::Forever;).to_string()));
    let entry = quote!(Entry::new(__call_gate_value).with_wait(__call_gate_wait).unreported(););
    assert!(given.contains(&entry.to_string()));
}

#[test]
fn a_gate_of_its_own_is_a_static() {
    let [_, admission, _] = parts(
        quote!(
            name = "n",
            gate_size = "1.5s",
            frame_step = "500ms",
            frame_limit = C,
            strict = true
        ),
        quote!(
            fn f() {}
        ),
    );
    for piece in [
        quote!(::call_gate::Limits = ::call_gate::Limits::none().with_frame(C);),
        quote!(static __CALL_GATE: ::call_gate::decorator::Inline<::call_gate::CallGate>),
        quote!(::call_gate::CallGate::builder(
            "n",
            ::core::time::Duration::new(1u64, 500000000u32),
            ::core::time::Duration::new(0u64, 500000000u32)
        )),
        quote!(.limits(__CALL_GATE_LIMITS).strict().build()),
        quote!(match __CALL_GATE.get()),
    ] {
        assert!(
            admission.contains(&piece.to_string()),
            "{piece}\nnot in {admission}"
        );
    }
}

#[test]
fn a_limiter_of_its_own_is_a_static() {
    let admission = |item| {
        let args = quote!(
            crate = a,
            per_minute = C,
            minute_window = 3,
            max_burst = 2,
            blocking = true,
            name = "n",
            value = 2,
            strict = true
        );
        let [_, admission, _] = parts(args, item);
        admission
    };
    let holds = |admission: &str, pieces: &[TokenStream]| {
        for piece in pieces {
            let piece = piece.to_string();
            assert!(admission.contains(&piece), "{piece}\nnot in {admission}");
        }
    };
    let sync = admission(quote!(
        fn f() {}
    ));
    holds(
        &sync,
        &[
            quote!(
                const __CALL_GATE_PER_MINUTE: ::core::primitive::u64 = C;
            ),
            quote!(a::decorator::check_number),
            quote!(a::decorator::check_value),
            quote!(
                const __CALL_GATE_MAX_BURST: ::core::primitive::u64 = 2;
            ),
            quote!(static __CALL_GATE: a::decorator::Inline<a::decorator::RateLimiter>),
            quote!(a::decorator::limiter::<a::decorator::RateLimiter>()),
            quote!(.name("n").per_minute(__CALL_GATE_PER_MINUTE)),
            quote!(.minute_window(__CALL_GATE_MINUTE_WINDOW)),
            quote!(.max_burst(__CALL_GATE_MAX_BURST)),
            quote!(.blocking(true).strict().build()),
            quote!(a::decorator::admit(__call_gate_gate, __call_gate_entry)),
        ],
    );
    let awaited = admission(quote!(
        async fn f() {}
    ));
    holds(
        &awaited,
        &[
            quote!(static __CALL_GATE: a::decorator::Inline<a::decorator::AsyncRateLimiter>),
            quote!(.build().map(::core::convert::From::from)),
            quote!(a::decorator::admit_async(__call_gate_gate, __call_gate_entry).await),
        ],
    );
}
