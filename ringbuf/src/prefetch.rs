/// Asks for the memory of `place`, and does not wait for it.
///
/// It has nothing to do with threads, and stands here because the instruction
/// takes `unsafe`, which has no other home. Where there is none, nothing happens.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(place: &T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        // SAFETY: every x86-64 processor has the instruction. It changes nothing
        // that a program can see and faults on no address, and this one is good.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((place as *const T).cast()) }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = place;
}
