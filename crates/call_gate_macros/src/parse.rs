//! What was written: the attribute's arguments, and the function as far as it matters.

mod keys;

use crate::both;
use keys::KEYS;
use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, Ident, Result, Signature, Token, Visibility, braced, token};

/// The attribute's arguments; what they mean is not looked at yet.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) gate: Option<Expr>,
    pub(crate) value: Option<Setting>,
    pub(crate) wait: Option<Setting>,
    pub(crate) krate: Option<Setting>,
    pub(crate) inline: Inline,
}

/// The keys that describe a gate or a limiter of the function's own.
#[derive(Default)]
pub(crate) struct Inline {
    pub(crate) name: Option<Setting>,
    pub(crate) strict: Option<Setting>,
    pub(crate) gate: Gate,
    pub(crate) limiter: Limiter,
}

/// The keys that only a gate has.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) size: Option<Setting>,
    pub(crate) step: Option<Setting>,
    pub(crate) limit: Option<Setting>,
    pub(crate) frame_limit: Option<Setting>,
}

/// The keys that only a limiter has.
#[derive(Default)]
pub(crate) struct Limiter {
    pub(crate) second: Rate,
    pub(crate) minute: Rate,
    pub(crate) hour: Rate,
    pub(crate) day: Rate,
    pub(crate) max_burst: Option<Setting>,
    pub(crate) blocking: Option<Setting>,
}

/// How many calls, and in how many units of time.
#[derive(Default)]
pub(crate) struct Rate {
    pub(crate) limit: Option<Setting>,
    pub(crate) window: Option<Setting>,
}

/// `key = value`.
pub(crate) struct Setting {
    pub(crate) key: Ident,
    pub(crate) value: Expr,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut args = Self::default();
        let mut sound = Ok(());
        let mut is_first = true;
        while !input.is_empty() {
            if names_key(input) {
                let key = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                if input.is_empty() || input.peek(Token![,]) {
                    return Err(needs_value(&key));
                }
                let value = input.parse()?;
                sound = both(sound, args.set(Setting { key, value })).map(drop);
            } else {
                let gate = input.parse()?;
                if is_first {
                    args.gate = Some(gate);
                } else {
                    sound = both(sound, args.misplaced(&gate)).map(drop);
                }
            }
            is_first = false;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        sound.map(|()| args)
    }
}

impl Args {
    fn set(&mut self, setting: Setting) -> Result<()> {
        let key = setting.key.to_string();
        let Some(slot) = self.slot(&key) else {
            if key == "gate" {
                return Err(Error::new(
                    setting.key.span(),
                    "`gate` is no key: the gate comes first, without one, as in `#[call_gate(GATE)]`",
                ));
            }
            let message = match keys::meant(&key) {
                Some(meant) => format!("unknown key `{key}`; did you mean {meant}?"),
                None => format!("unknown key `{key}`"),
            };
            let known = KEYS.map(|key| format!("`{key}`")).join(", ");
            return Err(Error::new(
                setting.key.span(),
                format!("{message}\nknown keys: {known}"),
            ));
        };
        if slot.is_some() {
            return Err(Error::new(
                setting.key.span(),
                format!("`{key}` is given twice"),
            ));
        }
        *slot = Some(setting);
        Ok(())
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<Setting>> {
        Some(match key {
            "value" => &mut self.value,
            "wait" => &mut self.wait,
            "crate" => &mut self.krate,
            "name" => &mut self.inline.name,
            "strict" => &mut self.inline.strict,
            "gate_size" => &mut self.inline.gate.size,
            "frame_step" => &mut self.inline.gate.step,
            "gate_limit" => &mut self.inline.gate.limit,
            "frame_limit" => &mut self.inline.gate.frame_limit,
            "per_second" => &mut self.inline.limiter.second.limit,
            "second_window" => &mut self.inline.limiter.second.window,
            "per_minute" => &mut self.inline.limiter.minute.limit,
            "minute_window" => &mut self.inline.limiter.minute.window,
            "per_hour" => &mut self.inline.limiter.hour.limit,
            "hour_window" => &mut self.inline.limiter.hour.window,
            "per_day" => &mut self.inline.limiter.day.limit,
            "day_window" => &mut self.inline.limiter.day.window,
            "max_burst" => &mut self.inline.limiter.max_burst,
            "blocking" => &mut self.inline.limiter.blocking,
            _ => return None,
        })
    }

    /// What is wrong with an expression that is neither first nor a key's.
    fn misplaced(&self, expr: &Expr) -> Result<()> {
        if let Expr::Path(path) = expr
            && let Some(word) = path.path.get_ident()
            && KEYS.iter().any(|key| word == key)
        {
            return Err(needs_value(word));
        }
        let rule = match self.gate {
            Some(_) => "a function has one gate, and it is named already",
            None => "the gate's expression comes first",
        };
        Err(Error::new_spanned(
            expr,
            format!("expected `key = value`; {rule}"),
        ))
    }
}

impl Inline {
    /// One of the keys that was given; one that tells a gate from a limiter, if there is.
    pub(crate) fn first(&self) -> Option<&Setting> {
        self.gate
            .first()
            .or_else(|| self.limiter.first())
            .or(self.name.as_ref())
            .or(self.strict.as_ref())
    }
}

impl Gate {
    /// The first key that was given.
    pub(crate) fn first(&self) -> Option<&Setting> {
        [&self.size, &self.step, &self.limit, &self.frame_limit]
            .into_iter()
            .find_map(Option::as_ref)
    }
}

impl Limiter {
    /// The first key that was given.
    pub(crate) fn first(&self) -> Option<&Setting> {
        [&self.second, &self.minute, &self.hour, &self.day]
            .into_iter()
            .flat_map(|rate| [&rate.limit, &rate.window])
            .chain([&self.max_burst, &self.blocking])
            .find_map(Option::as_ref)
    }
}

/// Whether a key comes next. One with a colon is one too: what it lacks is the `=`.
fn names_key(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any)
        && (input.peek2(Token![=]) && !input.peek2(Token![==])
            || input.peek2(Token![:]) && !input.peek2(Token![::]))
}

fn needs_value(key: &Ident) -> Error {
    Error::new(
        key.span(),
        format!("`{key}` needs a value, as in `{key} = ..`"),
    )
}

/// A function with a body, which is not looked into.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) brace: token::Brace,
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) statements: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let start = input.span();
        let Ok(signature) = input.parse::<Signature>() else {
            return Err(Error::new(
                start,
                "`#[call_gate]` goes on a function or a method, each by itself",
            ));
        };
        if input.peek(Token![;]) {
            let name = &signature.ident;
            return Err(Error::new(
                name.span(),
                format!(
                    "`{name}` has no body to put behind a gate; put `#[call_gate]` on what implements it"
                ),
            ));
        }
        let content;
        let brace = braced!(content in input);
        Ok(Self {
            attributes,
            visibility,
            signature,
            brace,
            inner_attributes: content.call(Attribute::parse_inner)?,
            statements: content.parse()?,
        })
    }
}

#[cfg(test)]
mod tests;
