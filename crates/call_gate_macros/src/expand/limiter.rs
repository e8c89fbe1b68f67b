//! A limiter of the function's own, as a static.

use super::located_at;
use crate::validate::{Limiter, Number, zero};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned as _;

/// The items that it needs, which are named as nobody names theirs: items have no hygiene.
pub(super) fn items(limiter: &Limiter<'_>, is_async: bool, krate: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let windows = limiter.rates.iter().filter_map(|rate| rate.window.as_ref());
    let numbers: Vec<_> = limiter.limits().chain(windows).collect();
    let constants = numbers.iter().map(|number| constant(number, krate));
    let fits = fits(limiter, krate);
    let setters = numbers.iter().map(|number| {
        let (setter, constant) = (format_ident!("{}", number.key, span = here), name(number));
        quote_spanned!(here=> .#setter(#constant))
    });
    let named = limiter.name.map(|name| quote_spanned!(here=> .name(#name)));
    let blocking = limiter
        .blocking
        .map(|blocking| quote_spanned!(here=> .blocking(#blocking)));
    let strict = limiter.is_strict.then(|| quote_spanned!(here=> .strict()));
    // where the limiter is described: that is what the compiler shows if this build has none
    let there = here.located_at(limiter.at);
    let builder = {
        let krate = located_at(there, krate);
        quote_spanned!(there=> #krate::decorator::limiter::<#krate::decorator::RateLimiter>())
    };
    let kind = Ident::new(
        if is_async {
            "AsyncRateLimiter"
        } else {
            "RateLimiter"
        },
        here,
    );
    let converted = is_async.then(|| quote_spanned!(here=> .map(::core::convert::From::from)));
    quote_spanned! {here=>
        #(#constants)*
        #fits
        static __CALL_GATE: #krate::decorator::Inline<#krate::decorator::#kind> =
            #krate::decorator::Inline::new(|| {
                #builder #named #(#setters)* #blocking #strict .build() #converted
            });
    }
}

/// The number as a constant, which may break a rule that a literal cannot, and then says so where it stands.
fn constant(number: &Number<'_>, krate: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let (name, value) = (name(number), number.value);
    let constant = quote_spanned!(here=> const #name: ::core::primitive::u64 = #value;);
    if number.written.is_some() {
        return constant;
    }
    let there = here.located_at(value.span());
    let krate = located_at(there, krate);
    let zero = zero(&number.key.to_string());
    let most = number.most.as_ref().map_or_else(
        || quote_spanned!(there=> None),
        |(most, rule)| quote_spanned!(there=> Some((#most, #rule))),
    );
    quote_spanned! {there=>
        #constant
        const _: () = #krate::decorator::check_number(#name, #zero, ::core::option::Option::#most);
    }
}

/// Checks what a call books, if that is written out, against the limits that are constants.
fn fits(limiter: &Limiter<'_>, krate: &TokenStream) -> Option<TokenStream> {
    let (booked, value) = limiter.booked?;
    let there = Span::mixed_site().located_at(value.span());
    let krate = located_at(there, krate);
    let limits: Vec<_> = limiter
        .limits()
        .filter(|limit| limit.written.is_none())
        .map(|limit| {
            let (name, key) = (name(limit), limit.key);
            let rule = format!("the `value` is above the `{key}` and can never be admitted");
            quote_spanned!(there=> (#name, #rule))
        })
        .collect();
    (!limits.is_empty()).then(|| {
        quote_spanned!(there=> const _: () = #krate::decorator::check_value(#booked, &[#(#limits),*]);)
    })
}

fn name(number: &Number<'_>) -> Ident {
    let key = number.key.to_string().to_uppercase();
    Ident::new(&format!("__CALL_GATE_{key}"), Span::mixed_site())
}
