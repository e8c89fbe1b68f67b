//! What the function returns, as it is spelled, and what kinds of functions cannot have a gate.

use crate::parse::Function;
use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{
    Error, GenericArgument, Ident, PathArguments, PathSegment, Result, ReturnType, Token, Type,
    TypeParamBound,
};

/// Where the type of the function's error stands, or the `Result` that it is hidden in; `None`: it has none.
pub(super) fn error(function: &Function) -> Option<Span> {
    let segment = last_segment(output(function)?)?;
    if segment.ident != "Result" {
        return None;
    }
    Some(match types(segment).nth(1) {
        Some(error) => error.span(),
        None => segment.ident.span(),
    })
}

/// The name of the type, if it is likely a `Result` under another one.
pub(super) fn hidden_result(function: &Function) -> Option<&Ident> {
    let name = &last_segment(output(function)?)?.ident;
    (name != "Result" && name.to_string().ends_with("Result")).then_some(name)
}

/// Refuses functions whose body does not run when they are called, or that run where no gate can be.
pub(super) fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if let Some(constness) = &signature.constness {
        return Err(Error::new(
            constness.span,
            "a `const fn` cannot be behind a gate, which changes with each call",
        ));
    }
    match output(function) {
        Some(output) if signature.asyncness.is_none() && is_future(output) => {
            Err(Error::new_spanned(
                output,
                "a function that returns a future would pass the gate, and block its thread, when it is \
                 called, not when it is awaited; put `#[call_gate]` on an `async fn`, which a method \
                 under `#[async_trait]` can call",
            ))
        }
        _ => Ok(()),
    }
}

fn output(function: &Function) -> Option<&Type> {
    match &function.signature.output {
        ReturnType::Type(_, output) => Some(bare(output)),
        ReturnType::Default => None,
    }
}

/// The type without what a macro that passed it on has put around it.
fn bare(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

fn is_future(ty: &Type) -> bool {
    match bare(ty) {
        Type::ImplTrait(ty) => has_future(&ty.bounds),
        Type::TraitObject(ty) => has_future(&ty.bounds),
        ty => last_segment(ty).is_some_and(|segment| match segment.ident.to_string().as_str() {
            "BoxFuture" | "LocalBoxFuture" => true,
            "Pin" | "Box" | "Result" => types(segment).any(is_future),
            _ => false,
        }),
    }
}

fn has_future(bounds: &Punctuated<TypeParamBound, Token![+]>) -> bool {
    bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "Future"),
        _ => false,
    })
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments
        .into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
}
