//! Mutations of sample files: blind ones of bytes, and some that keep the JSON whole.

/// Words of the format, and values at the edges of what it takes.
const TOKENS: [&str; 24] = [
    "\"name\":",
    "\"gate_size\":",
    "\"frame_step\":",
    "\"gate_limit\":",
    "\"frame_limit\":",
    "\"timezone\":",
    "\"storage\":",
    "\"_data\":",
    "\"_current_dt\":",
    "\"strict\":",
    "\"simple\"",
    "\"shared\"",
    "\"redis\"",
    "\"UTC\"",
    "\"Europe/Berlin\"",
    "\"2026-03-29T02:30:00\"",
    "\"1969-12-31T23:59:59.999999+00:00\"",
    "\"9999-12-31T23:59:59+14:00\"",
    "null",
    "true",
    "\"\\u0000\"",
    "\\ud800",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
];
const NUMBERS: [&str; 22] = [
    "0",
    "1",
    "2",
    "10",
    "-1",
    "-0",
    "0.1",
    "0.3",
    "1.5",
    "1e-9",
    "0.0000000001",
    "1e3",
    "1e308",
    "1e999999999",
    "86400",
    "1048576",
    "4294967296",
    "9007199254740991",
    "9007199254740993",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
];

/// Makes inputs; the same seed makes the same ones of the same samples.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let random = usize::try_from(self.next() >> 33).unwrap_or(0);
        random.checked_rem(bound).unwrap_or(0)
    }

    /// One of the samples with one to four mutations.
    pub(crate) fn mutate(&mut self, samples: &[Vec<u8>]) -> Vec<u8> {
        let mut data = samples[self.below(samples.len())].clone();
        for _ in 0..=self.below(4) {
            // Swapped numbers are most often still a file, so they come twice as often.
            match self.below(9) {
                0 => self.flip(&mut data),
                1 => data.truncate(self.below(data.len() + 1)),
                2 => self.remove(&mut data),
                3 => self.repeat(&mut data),
                4 => self.splice(&mut data, samples),
                5 => self.insert(&mut data),
                6 => self.overwrite(&mut data),
                _ => self.swap_number(&mut data),
            }
        }
        data
    }

    /// Steele, Lea and Flood's `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn flip(&mut self, data: &mut [u8]) {
        let (at, bit) = (self.below(data.len()), self.below(8));
        if let Some(byte) = data.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn overwrite(&mut self, data: &mut [u8]) {
        const BYTES: &[u8] = b"\"{}[],:-+.eE0919\\/ TZ\0\xff";
        let (at, with) = (self.below(data.len()), BYTES[self.below(BYTES.len())]);
        if let Some(byte) = data.get_mut(at) {
            *byte = with;
        }
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = (length - start).min(64);
        start..start + self.below(most + 1)
    }

    fn remove(&mut self, data: &mut Vec<u8>) {
        let range = self.range(data.len());
        data.drain(range);
    }

    fn repeat(&mut self, data: &mut Vec<u8>) {
        let range = self.range(data.len());
        let piece = data[range.clone()].repeat(1 + self.below(8));
        data.splice(range.end..range.end, piece);
    }

    fn splice(&mut self, data: &mut Vec<u8>, samples: &[Vec<u8>]) {
        let other = &samples[self.below(samples.len())];
        let piece = other[self.range(other.len())].to_vec();
        let range = self.range(data.len());
        data.splice(range, piece);
    }

    fn insert(&mut self, data: &mut Vec<u8>) {
        let token = TOKENS[self.below(TOKENS.len())];
        // Deep nesting has to be refused before it fills the stack.
        let times = if self.below(16) == 0 { 1000 } else { 1 };
        let at = self.below(data.len() + 1);
        data.splice(at..at, token.repeat(times).into_bytes());
    }

    fn swap_number(&mut self, data: &mut Vec<u8>) {
        let is_part = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let starts: Vec<usize> = (0..data.len())
            .filter(|&at| is_part(&data[at]) && (at == 0 || !is_part(&data[at - 1])))
            .collect();
        let Some(&start) = starts.get(self.below(starts.len())) else {
            return;
        };
        let length = data[start..]
            .iter()
            .take_while(|byte| is_part(byte))
            .count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        data.splice(start..start + length, number.bytes());
    }
}
