//! A gate of the function's own, as a static.

use super::{duration, located_at};
use crate::validate::Inline;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Expr;
use syn::spanned::Spanned as _;

/// The items that it needs, which are named as nobody names theirs: items have no hygiene.
pub(super) fn items(inline: &Inline<'_>, krate: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let gate_size = duration(inline.gate_size);
    let frame_step = duration(inline.frame_step);
    let builder = inline.name.map_or_else(
        || quote_spanned!(here=> unnamed(#gate_size, #frame_step)),
        |name| quote_spanned!(here=> builder(#name, #gate_size, #frame_step)),
    );
    let strict = inline.is_strict.then(|| quote_spanned!(here=> .strict()));
    let with_gate = inline
        .gate_limit
        .map(|limit| quote_spanned!(here=> .with_gate(#limit)));
    let with_frame = inline
        .frame_limit
        .map(|limit| quote_spanned!(here=> .with_frame(#limit)));
    // constants may break a rule that numbers cannot, and then say so where they stand
    let check = |limit: &Expr, frame: TokenStream, booked: TokenStream| {
        let there = here.located_at(limit.span());
        let krate = located_at(there, krate);
        let limits = quote_spanned!(there=> __CALL_GATE_LIMITS.gate_limit(), #frame, #booked);
        quote_spanned!(there=> const _: () = #krate::decorator::check_limits(#limits);)
    };
    let none = || quote_spanned!(here=> ::core::option::Option::None);
    let frame = || quote_spanned!(here=> __CALL_GATE_LIMITS.frame_limit());
    let checks = [
        inline.gate_limit.map(|limit| check(limit, none(), none())),
        inline
            .frame_limit
            .map(|limit| check(limit, frame(), none())),
        inline.booked.map(|(number, value)| {
            let booked = quote_spanned!(here=> ::core::option::Option::Some(#number));
            check(value, frame(), booked)
        }),
    ];
    quote_spanned! {here=>
        const __CALL_GATE_LIMITS: #krate::Limits = #krate::Limits::none() #with_gate #with_frame;
        #(#checks)*
        static __CALL_GATE: #krate::decorator::Inline<#krate::CallGate> =
            #krate::decorator::Inline::new(|| {
                #krate::CallGate::#builder.limits(__CALL_GATE_LIMITS) #strict.build()
            });
    }
}
