//! What is read as a key, what as a gate, and what was meant by a mistyped key.

use super::{Args, Function};
use quote::quote;
use syn::{Error, parse2};

fn messages(error: Error) -> Vec<String> {
    error.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn the_gate_is_any_expression_that_is_no_key() {
    for gate in [
        quote!(GATE),
        quote!(crate::gates::GATE),
        quote!(::gates::GATE),
        quote!(self.gate),
        quote!(GATES.key(&id)),
        quote!(value),
        quote!(if a == b { x } else { y }),
        quote!(a == b),
    ] {
        let args = parse2::<Args>(quote!(#gate, value = 1,)).unwrap();
        assert!(args.gate.is_some() && args.value.is_some(), "{gate}");
        assert!(args.inline.first().is_none(), "{gate}");
    }
    let args = parse2::<Args>(quote!(crate = a::b, gate_limit = C, name = "n")).unwrap();
    assert!(args.gate.is_none() && args.krate.is_some());
    let first = |args: &Args| args.inline.first().unwrap().key.to_string();
    assert_eq!(first(&args), "gate_limit");
    let args = parse2::<Args>(quote!(name = "n", strict = true, day_window = 2)).unwrap();
    assert!(args.inline.gate.first().is_none());
    assert_eq!(first(&args), "day_window");
    let args = parse2::<Args>(quote!(strict = true, name = "n")).unwrap();
    assert!(args.inline.limiter.first().is_none());
    assert_eq!(first(&args), "name");
}

#[test]
fn every_misplaced_key_is_told() {
    let args = quote!(A, B, wait = never, strict, wait = never, waiting = 1);
    let error = parse2::<Args>(args).err().unwrap();
    let messages = messages(error);
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert!(messages[0].contains("has one gate"));
    assert!(messages[1].contains("`strict` needs a value"));
    assert!(messages[2].contains("`wait` is given twice"));
    assert!(messages[3].contains("unknown key `waiting`\nknown keys: `value`"));
}

#[test]
fn a_mistyped_key_is_recognised() {
    for (typed, meant) in [
        ("vlaue", Some("`value`")),
        ("values", Some("`value`")),
        ("gatesize", Some("`gate_size`")),
        ("rate_limit", Some("`gate_limit`")),
        ("frame_limits", Some("`frame_limit`")),
        ("limit", Some("`gate_limit` or `frame_limit`")),
        ("size", Some("`gate_size`")),
        ("step", Some("`frame_step`")),
        ("burst", Some("`max_burst`")),
        ("sec", Some("`per_second`")),
        ("minutes", Some("`per_minute`")),
        ("per_sec", Some("`per_second`")),
        ("per_days", Some("`per_day`")),
        ("sec_window", Some("`second_window`")),
        ("min_window", Some("`minute_window`")),
        ("block", Some("`blocking`")),
        ("rate", None),
        ("create", None),
        ("timeout", None),
        ("", None),
    ] {
        assert_eq!(super::keys::meant(typed).as_deref(), meant, "{typed}");
    }
}

#[test]
fn a_body_is_not_looked_into() {
    let function = parse2::<Function>(quote! {
        #[doc = "outer"]
        pub(crate) async unsafe extern "C" fn f<'a, T, const N: usize>(self: Pin<&mut Self>) -> T
        where
            T: 'a,
        {
            #![allow(unused)]
            what ever => ( comes ) ? ! 1.2.3
        }
    })
    .unwrap();
    assert_eq!(function.attributes.len(), 1);
    assert_eq!(function.inner_attributes.len(), 1);
    assert_eq!(
        function.statements.to_string(),
        quote!(what ever => ( comes ) ? ! 1.2.3).to_string()
    );
}
