//! What a user of the facade sees, through the facade only.

#![forbid(unsafe_code)]

mod face;
mod stress;
