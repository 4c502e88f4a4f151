//! Many bytes at a time: the inner loop, compiled for each kind of vectors that a machine may have.

/// Shorter data is not worth the preparation. At this length both take about the same.
pub(super) const LEAST: usize = 256;

/// From this length on it pays to begin at a round address.
pub(super) const ALIGN_FROM: usize = 2048;

/// The width of a vector in bytes.
pub(super) const ALIGN: usize = 32;

/// Combines each eight bytes with `word`.
///
/// Which vectors there are is asked once in the life of the program.
#[cfg(feature = "std")]
pub(super) fn xor(blocks: &mut [[u8; 64]], word: u64) {
    use fearless_simd::{Level, dispatch};

    static LEVEL: std::sync::OnceLock<Level> = std::sync::OnceLock::new();
    let level = *LEVEL.get_or_init(Level::new);
    dispatch!(level, _vectors => xor_plain(blocks, word));
}

/// Combines each eight bytes with `word`.
#[cfg(not(feature = "std"))]
pub(super) fn xor(blocks: &mut [[u8; 64]], word: u64) {
    xor_plain(blocks, word);
}

/// Compilers make vector instructions of it, those of the function that it becomes part of.
#[inline(always)]
fn xor_plain(blocks: &mut [[u8; 64]], word: u64) {
    for block in blocks {
        for eight in block.as_chunks_mut().0 {
            *eight = (u64::from_le_bytes(*eight) ^ word).to_le_bytes();
        }
    }
}
