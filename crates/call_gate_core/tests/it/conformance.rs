//! Every placement in memory against the oracle.

use call_gate_testkit::{MemoryFixture, conformance};

conformance!(packed, MemoryFixture::packed);
conformance!(locked, MemoryFixture::wide);
conformance!(credited, MemoryFixture::credits);
