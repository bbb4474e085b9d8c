use std::fs;
use std::thread;

use core_affinity::CoreId;

use crate::topology::allowed_of;
use crate::PinFailure;

/// The size of the operating system's mask: `core_affinity` indexes it
/// unchecked by anything but a panic.
const MASK_LIMIT: usize = 1024;

/// Pins the calling thread to a core, and reads the pin back.
///
/// A system call that succeeds is no proof: inside a cpuset the kernel cuts
/// the mask in silence, and sandboxes nod at calls they ignore.
pub(crate) fn pin(core: usize) -> Result<(), PinFailure> {
    if core >= MASK_LIMIT {
        return Err(PinFailure::NoSuchCore);
    }
    if !core_affinity::set_for_current(CoreId { id: core }) {
        return Err(PinFailure::Refused);
    }
    // The thread moves to its core when it is next scheduled.
    thread::yield_now();
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    match allowed_of(&status) {
        Some(mask) if mask == [core] => {}
        Some(mask) => return Err(PinFailure::OtherMask(mask)),
        None => return Err(PinFailure::Unverified),
    }
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap_or_default();
    match processor_of(&stat) {
        Some(seen) if seen == core => Ok(()),
        Some(seen) => Err(PinFailure::SeenOn(seen)),
        None => Err(PinFailure::Unverified),
    }
}

/// The core a thread last ran on: field 39 of its stat line.
fn processor_of(stat: &str) -> Option<usize> {
    // Field 2 is the thread's name, which may hold spaces and brackets.
    let (_, from_field_3) = stat.rsplit_once(')')?;
    from_field_3.split_ascii_whitespace().nth(36)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_found_behind_any_name() {
        let fields = "R 4673 4673 2793 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 1 0 212991 3133440 394 \
                      18446744073709551615 1 1 1 0 0 0 0 0 0 0 0 0 17 5 0 0 0 0 0";
        let table = [
            (format!("4688 (cat) {fields}"), Some(5)),
            (format!("4688 (a) b (c)) {fields}"), Some(5)),
            ("4688 (cat) R 1 2 3".to_owned(), None),
            (String::new(), None),
        ];
        for (stat, processor) in table {
            assert_eq!(processor_of(&stat), processor, "{stat:?}");
        }
    }
}
