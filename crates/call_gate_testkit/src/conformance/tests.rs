//! The suite, on a server that is judged by another agreement than memory.

use crate::CoarseFixture;

crate::conformance!(coarse, CoarseFixture::new);
