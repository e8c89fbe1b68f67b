//! Memory that is shared with other processes, as words: the only unsafe code of the family.
//!
//! Atomics on memory that other processes write to are accepted practice, though no specification speaks of them. Every
//! bit pattern is a valid word, so no writer can break more than the count. Who shortens the file ends those who touch
//! what is gone with a signal, which is a crash and not undefined behaviour.

#![allow(unsafe_code, reason = "mapping memory is")]

#[cfg(unix)]
pub(crate) use unix::{retire, words};

#[cfg(unix)]
mod unix {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
    use std::ffi::c_void;
    use std::io;
    use std::os::fd::BorrowedFd;
    use std::ptr::null_mut;
    use std::slice;
    use std::sync::atomic::{AtomicU64, Ordering::Release};

    /// The first `count` words of the file, mapped for as long as the process lives.
    pub(crate) fn words(file: BorrowedFd<'_>, count: usize) -> io::Result<&'static [AtomicU64]> {
        let start = map(file, count)?.cast::<AtomicU64>();
        // SAFETY: `start` leads to `count` words, page-aligned, readable and writable, that nobody unmaps; everybody
        // reaches them as atomics only, and every bit pattern is one.
        Ok(unsafe { slice::from_raw_parts(start, count) })
    }

    /// Stores `value` in word `at` of the file.
    pub(crate) fn retire(file: BorrowedFd<'_>, at: usize, value: u64) -> io::Result<()> {
        let count = at + 1;
        let start = map(file, count)?.cast::<AtomicU64>();
        // SAFETY: `at` is the last of the `count` words mapped.
        let word = unsafe { start.add(at) };
        // SAFETY: it is mapped until the end of this function, aligned, and reached as an atomic only.
        let word = unsafe { &*word };
        // pairs with the acquiring load of the head by those who ask the window
        word.store(value, Release);
        // SAFETY: this is the whole of the mapping made above, and nothing refers to it any more.
        unsafe { munmap(start.cast::<c_void>(), bytes(count)?) }?;
        Ok(())
    }

    fn map(file: BorrowedFd<'_>, count: usize) -> io::Result<*mut c_void> {
        let length = bytes(count)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the system chooses the address, so no memory that is in use is replaced.
        let start = unsafe { mmap(null_mut(), length, access, MapFlags::SHARED, file, 0) }?;
        Ok(start)
    }

    fn bytes(count: usize) -> io::Result<usize> {
        count
            .checked_mul(size_of::<AtomicU64>())
            .ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }
}

#[cfg(any(windows, feature = "shared_memory"))]
pub(crate) use by_crate::Segment;

#[cfg(any(windows, feature = "shared_memory"))]
mod by_crate {
    use shared_memory::Shmem;
    use std::fmt;
    use std::slice;
    use std::sync::atomic::AtomicU64;

    /// A segment of the crate `shared_memory`.
    pub(crate) struct Segment(Shmem);

    impl Segment {
        pub(crate) fn new(memory: Shmem) -> Self {
            Self(memory)
        }

        /// It stays when this goes.
        pub(crate) fn keep(&mut self) {
            self.0.set_owner(false);
        }

        /// Its name goes with this.
        pub(crate) fn unlink(mut self) {
            self.0.set_owner(true);
        }

        #[expect(clippy::cast_ptr_alignment, reason = "mappings start with a page")]
        pub(crate) fn words(&self) -> &[AtomicU64] {
            let (start, count) = (self.0.as_ptr(), self.0.len() / size_of::<AtomicU64>());
            // SAFETY: the mapping is page-aligned, `count` words long, readable and writable, and lives as long as
            // `self`; everybody reaches it as atomics only, and every bit pattern is one.
            unsafe { slice::from_raw_parts(start.cast::<AtomicU64>(), count) }
        }

        /// The words, mapped for as long as the process lives.
        pub(crate) fn leaked(self) -> &'static [AtomicU64] {
            Box::leak(Box::new(self)).words()
        }
    }

    impl fmt::Debug for Segment {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_tuple("Segment").field(&self.0.get_os_id()).finish()
        }
    }
}
