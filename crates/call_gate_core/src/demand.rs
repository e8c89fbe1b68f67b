//! What one request asks for.

/// What one request asks for: how much it weighs in the windows, and what it costs in those that count cost.
///
/// A limiter that has no limits of cost takes no account of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct Demand {
    value: u64,
    cost: u64,
}

impl Demand {
    /// A request that weighs `value` and costs nothing.
    ///
    /// 1 is one request. Of permits it takes as many as it weighs.
    pub const fn new(value: u64) -> Self {
        Self { value, cost: 0 }
    }

    /// The same at this cost.
    pub const fn costing(self, cost: u64) -> Self {
        Self { cost, ..self }
    }

    /// What it weighs.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// What it costs.
    #[must_use]
    pub const fn cost(&self) -> u64 {
        self.cost
    }
}
