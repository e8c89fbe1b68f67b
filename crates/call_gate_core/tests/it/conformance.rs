//! Every placement in memory, and the remote path, against the oracle.

use call_gate_testkit::{LoopbackFixture, MemoryFixture, conformance};

conformance!(packed, MemoryFixture::packed);
conformance!(locked, MemoryFixture::wide);
conformance!(credited, MemoryFixture::credits);
conformance!(remote, LoopbackFixture::new);
