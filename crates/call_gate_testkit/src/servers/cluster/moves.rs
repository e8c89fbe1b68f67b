//! Slots that change their owner while the cluster serves.

use super::{Cluster, told};

impl Cluster {
    /// Moves so many slots from the master that has the most to the one that has the fewest, with what they hold,
    /// while the cluster serves; tells which.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn reshard(&self, count: usize) -> Vec<u16> {
        let up = (0..self.nodes.len()).filter(|&node| self.nodes[node].is_up());
        let mut masters: Vec<(usize, Vec<u16>)> = up
            .map(|node| (node, self.slots_of(node)))
            .filter(|(_, slots)| !slots.is_empty())
            .collect();
        masters.sort_by_key(|(_, slots)| slots.len());
        let (Some((to, _)), Some((_, slots))) = (masters.first(), masters.last()) else {
            panic!("no master holds a slot");
        };
        assert!(masters.len() > 1, "one master holds all slots");
        let moved: Vec<u16> = slots.iter().copied().take(count).collect();
        for &slot in &moved {
            self.move_slot(slot, *to);
        }
        moved
    }

    /// Moves one slot with what it holds to the master `to`.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn move_slot(&self, slot: u16, to: usize) {
        let from = self.owner(slot);
        if from != to {
            self.start_move(slot, from, to);
            self.finish_move(slot, from, to);
        }
    }

    /// Begins to move a slot: from now on, `from` asks clients on to `to` for keys that it does not hold.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn start_move(&self, slot: u16, from: usize, to: usize) {
        let slot = slot.to_string();
        told(
            &self.nodes[to],
            &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &self.id(from)],
        );
        told(
            &self.nodes[from],
            &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &self.id(to)],
        );
    }

    /// Moves the keys of a slot that is being moved, and tells all masters whose it is now.
    ///
    /// # Panics
    ///
    /// If a node refuses.
    pub fn finish_move(&self, slot: u16, from: usize, to: usize) {
        let slot = slot.to_string();
        let port = self.nodes[to].port().to_string();
        loop {
            let keys = told(
                &self.nodes[from],
                &["CLUSTER", "GETKEYSINSLOT", &slot, "100"],
            );
            if keys.is_empty() {
                break;
            }
            let words = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
            let words: Vec<&str> = words.into_iter().chain(keys.lines()).collect();
            told(&self.nodes[from], &words);
        }
        let id = self.id(to);
        // the new owner first: else the slot could be nobody's for a moment
        for node in [to, from] {
            told(
                &self.nodes[node],
                &["CLUSTER", "SETSLOT", &slot, "NODE", &id],
            );
        }
    }
}
