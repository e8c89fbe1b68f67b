//! The faults of one server, each under load, with the checker at its foot.
//!
//! Every fault meets threads and tasks, coalesced and not, at once. Each keeps two gates busy: one whose long window
//! counts everything, to compare sums by, and one whose limits bind, to look for a window that holds too much.

mod clock;
mod load;
mod lost;
mod proxy;
mod server;
