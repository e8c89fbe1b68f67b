//! The function as it was, with the booking in front of its first statement.

mod gate;
mod limiter;

use crate::parse::Function;
use crate::validate::{Denial, Gate, Plan, Wait};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use std::time::Duration;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

pub(crate) fn function(plan: &Plan<'_>, function: &Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        brace,
        inner_attributes,
        statements,
    } = function;
    let admission = admission(plan, function);
    let mut tokens = quote!(#(#attributes)* #visibility #signature);
    // the braces stay the user's: for the compiler they are where the body is
    brace.surround(&mut tokens, |body| {
        quote!(#(#inner_attributes)* #admission #statements).to_tokens(body);
    });
    tokens
}

/// Books, and holds what the gate gives for it until the body is done.
fn admission(plan: &Plan<'_>, function: &Function) -> TokenStream {
    let here = Span::mixed_site();
    let krate = plan.krate.map_or_else(
        || quote_spanned!(here=> ::call_gate),
        ToTokens::to_token_stream,
    );
    let is_async = function.signature.asyncness.is_some();
    let admit = |gate: TokenStream, there: Span| {
        let krate = located_at(there, &krate);
        if is_async {
            quote_spanned!(there=> #krate::decorator::admit_async(#gate, __call_gate_entry).await)
        } else {
            quote_spanned!(there=> #krate::decorator::admit(#gate, __call_gate_entry))
        }
    };
    let own = || {
        let admit = admit(quote_spanned!(here=> __call_gate_gate), here);
        quote_spanned! {here=>
            match __CALL_GATE.get() {
                ::core::result::Result::Ok(__call_gate_gate) => #admit,
                ::core::result::Result::Err(__call_gate_error) => {
                    ::core::result::Result::Err(__call_gate_error)
                }
            }
        }
    };
    let (items, passed) = match &plan.gate {
        // an argument, as what a gate borrows from would not live longer than a `let` of its own
        Gate::Named(gate) => {
            // where the gate stands: that is what the compiler shows if it is none
            let there = here.located_at(gate.span());
            (None, admit(quote_spanned!(there=> &(#gate)), there))
        }
        Gate::Inline(inline) => (Some(gate::items(inline, &krate)), own()),
        Gate::Limiter(limiter) => {
            let items = limiter::items(limiter, is_async, &krate);
            (Some(items), own())
        }
    };
    let (unreported, guard) = match plan.denial {
        // where the function's error stands: that is what the compiler shows if it does not take the gate's
        Denial::Returned(error) => {
            let there = here.located_at(error);
            (None, quote_spanned!(there=> __call_gate_passed?))
        }
        Denial::Panics => {
            let name = function.signature.ident.unraw().to_string();
            let must = quote_spanned!(here=> #krate::decorator::must(__call_gate_passed, #name));
            (Some(quote_spanned!(here=> .unreported())), must)
        }
    };
    let value = plan
        .value
        .map_or_else(|| quote!(1), ToTokens::to_token_stream);
    let (let_wait, with_wait) = plan
        .wait
        .as_ref()
        .map(|given| {
            let given = wait(given, &krate);
            (
                quote_spanned!(here=> let __call_gate_wait: #krate::decorator::Wait = #given;),
                quote_spanned!(here=> .with_wait(__call_gate_wait)),
            )
        })
        .unzip();
    // The names: hygiene keeps variables apart, but not from a constant of the same name, which is a pattern.
    // The item: Clippy would find the body's own items late, after a statement, but does not look behind one of a macro.
    quote_spanned! {here=>
        let __call_gate_guard = {
            #items
            let __call_gate_value: ::core::primitive::u64 = #value;
            #let_wait
            let __call_gate_entry =
                #krate::decorator::Entry::new(__call_gate_value) #with_wait #unreported;
            let __call_gate_passed = #passed;
            #guard
        };
        const _: () = ();
    }
}

fn wait(wait: &Wait<'_>, krate: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let choice = match wait {
        Wait::Given(wait) => return wait.to_token_stream(),
        Wait::Never => quote_spanned!(here=> Never),
        Wait::Window => quote_spanned!(here=> Window),
        Wait::Forever => quote_spanned!(here=> Forever),
        Wait::Frames(frames) => quote_spanned!(here=> Frames(#frames)),
        Wait::For(wait) => {
            let wait = duration(*wait);
            quote_spanned!(here=> For(#wait))
        }
    };
    quote_spanned!(here=> #krate::decorator::Wait::#choice)
}

fn duration(duration: Duration) -> TokenStream {
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote_spanned!(Span::mixed_site()=> ::core::time::Duration::new(#secs, #nanos))
}

/// The same tokens, shown elsewhere by the compiler.
fn located_at(there: Span, tokens: &TokenStream) -> TokenStream {
    tokens
        .clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(there));
            token
        })
        .collect()
}

#[cfg(test)]
mod tests;
