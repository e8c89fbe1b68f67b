//! What is no function with a body that runs when it is called.

use call_gate::call_gate;
use std::pin::Pin;

#[call_gate(GATE)]
struct Struct;

#[call_gate(GATE)]
impl Struct {
    fn method(&self) {}
}

#[call_gate(GATE)]
const CONSTANT: u8 = 1;

#[call_gate(GATE)]
mod module {}

trait Trait {
    #[call_gate(GATE)]
    fn without_body(&self);
}

#[call_gate(GATE)]
const fn constant() -> u8 {
    1
}

#[call_gate(GATE)]
fn future() -> impl Future<Output = u8> + Send {
    std::future::ready(1)
}

#[call_gate(GATE)]
fn boxed_future<'a>() -> Pin<Box<dyn Future<Output = Result<(), ()>> + Send + 'a>> {
    Box::pin(std::future::ready(Ok(())))
}

type BoxFuture<'a, T> = Pin<Box<dyn std::future::Future<Output = T> + 'a>>;

#[call_gate(GATE)]
fn named_future() -> BoxFuture<'static, u8> {
    Box::pin(std::future::ready(1))
}

impl Trait for Struct {
    fn without_body(&self) {}
}

// two mistakes
#[call_gate(value = 5, GATE)]
enum Nothing {}

fn main() {
    Struct.method();
    Struct.without_body();
    const { constant() };
    let _ = CONSTANT;
    drop((future(), boxed_future(), named_future()));
}
