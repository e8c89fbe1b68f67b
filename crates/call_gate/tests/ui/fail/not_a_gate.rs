//! What stands in the gate's place is none.

use call_gate::call_gate;

#[call_gate(12 + 3)]
fn number() {}

#[call_gate(name)]
async fn text(name: &str) {}

fn main() {}
