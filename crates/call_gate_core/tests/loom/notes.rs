//! The sequence lock of the fast path's notes: what is read was written together.

use call_gate_core::model::ModelNote;
use loom::sync::Arc;
use loom::thread;

#[test]
fn a_note_is_read_whole_or_not_at_all() {
    loom::model(|| {
        let note = Arc::new(ModelNote::new());
        note.write(1);
        let writers: Vec<_> = [2, 3]
            .into_iter()
            .map(|value| {
                let note = note.clone();
                thread::spawn(move || note.write(value))
            })
            .collect();
        if let Some(read) = note.read() {
            assert!(
                read == [1, 1] || read == [2, 2] || read == [3, 3],
                "torn: {read:?}"
            );
        }
        for writer in writers {
            writer.join().unwrap();
        }
        assert!(note.read().is_some());
    });
}
