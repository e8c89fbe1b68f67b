//! Gates of functions' own.

use call_gate::{UpdateError, call_gate};

const LIMIT: u64 = 2;

#[test]
fn a_function_has_its_own_gate_and_all_its_instances_share_it() {
    #[call_gate(gate_size = "2h", frame_step = "1h", gate_limit = LIMIT, wait = never)]
    fn generic<T: Default>() -> Result<T, UpdateError> {
        Ok(T::default())
    }
    #[call_gate(name = "own", gate_size = "2h", frame_step = "1h", gate_limit = LIMIT, wait = never)]
    fn other() -> Result<(), UpdateError> {
        Ok(())
    }

    generic::<u8>().unwrap();
    generic::<String>().unwrap();
    let error = generic::<u8>().unwrap_err();
    assert_eq!(error.denial().unwrap().limit(), LIMIT);
    assert_eq!(error.denial().unwrap().gate(), None);

    other().unwrap();
    other().unwrap();
    let error = other().unwrap_err();
    assert_eq!(error.denial().unwrap().gate().as_deref(), Some("own"));
}

#[test]
fn all_that_the_attribute_lets_through_can_be_built() {
    #[call_gate(
        gate_size = "1048576us",
        frame_step = "1us",
        frame_limit = 3,
        strict = true
    )]
    fn most_frames() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(
        gate_size = "106751days",
        frame_step = "1day",
        gate_limit = 18_446_744_073_709_551_615
    )]
    fn longest() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(
        gate_size = "2us",
        frame_step = "1000ns",
        gate_limit = 1,
        frame_limit = 1
    )]
    fn shortest() -> Result<(), UpdateError> {
        Ok(())
    }

    most_frames().unwrap();
    longest().unwrap();
    shortest().unwrap();
}
