//! What one caller was told, frame by frame, in a file that outlives the caller's end by `SIGKILL`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What was told of one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) booked: u64,
    /// The least value that was refused by a call that began and ended in it.
    pub(crate) refused: Option<u64>,
}

/// The frames of one caller, from number `first` on.
#[derive(Debug)]
pub(crate) struct Ledger {
    file: File,
    first: u64,
    frames: Vec<Told>,
}

impl Ledger {
    /// # Panics
    /// If there is one of that name.
    pub(crate) fn create(folder: &Path, name: &str, first: u64) -> Self {
        Self {
            file: File::create_new(folder.join(name)).unwrap(),
            first,
            frames: Vec::new(),
        }
    }

    pub(crate) fn booked(&mut self, frame: u64, value: u64) {
        self.frame(frame).booked += value;
        self.write(frame);
    }

    pub(crate) fn refused(&mut self, frame: u64, value: u64) {
        let told = self.frame(frame);
        if told.refused.is_none_or(|least| value < least) {
            told.refused = Some(value);
            self.write(frame);
        }
    }

    fn place(&self, frame: u64) -> usize {
        usize::try_from(frame - self.first).unwrap()
    }

    fn frame(&mut self, frame: u64) -> &mut Told {
        let place = self.place(frame);
        if self.frames.len() <= place {
            self.frames.resize(place + 1, Told::default());
        }
        &mut self.frames[place]
    }

    fn write(&self, frame: u64) {
        let place = self.place(frame);
        let Told { booked, refused } = self.frames[place];
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&booked.to_ne_bytes());
        // nobody asks for 0
        bytes[8..].copy_from_slice(&refused.unwrap_or(0).to_ne_bytes());
        self.file.write_all_at(&bytes, 16 * place as u64).unwrap();
    }
}

/// All ledgers in a folder, whose names begin with `whose`, as one.
pub(crate) fn read(folder: &Path, whose: &str, first: u64) -> BTreeMap<u64, Told> {
    let mut frames: BTreeMap<u64, Told> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_str().unwrap().starts_with(whose) {
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap();
        for (frame, told) in (first..).zip(bytes.chunks(16)) {
            let word = |at: usize| {
                // the last of one that was killed may be cut short
                let word = told.get(8 * at..8 * at + 8);
                word.map_or(0, |word| u64::from_ne_bytes(word.try_into().unwrap()))
            };
            let joint = frames.entry(frame).or_default();
            joint.booked += word(0);
            let refused = Some(word(1)).filter(|value| *value > 0);
            joint.refused = joint.refused.into_iter().chain(refused).min();
        }
    }
    frames
}
