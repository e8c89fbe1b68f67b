//! What `#[call_gate(..)]` accepts, and what it says to what it does not.

use trybuild::TestCases;

#[test]
#[cfg(all(feature = "limiter", feature = "tokio"))]
fn the_attribute_takes_what_it_should_and_explains_the_rest() {
    let cases = TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}

#[test]
#[cfg(not(feature = "tokio"))]
fn an_async_fn_needs_a_feature_and_is_told_so() {
    TestCases::new().compile_fail("tests/ui/no_tokio/*.rs");
}

#[test]
#[cfg(not(feature = "limiter"))]
fn a_limiter_needs_a_feature_and_is_told_so() {
    TestCases::new().compile_fail("tests/ui/no_limiter/*.rs");
}
