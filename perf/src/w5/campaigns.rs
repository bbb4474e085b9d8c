//! The table that W5 joins with: which campaign an advertisement belongs to.

use super::data::{campaigns, ADVERTISEMENTS, ADVERTISEMENTS_PER_CAMPAIGN};

/// Which campaign each advertisement belongs to: one probe a look-up.
///
/// Open addressing, a quarter full; the hash is one multiplication. Both engines
/// look up in it, so that a comparison is not one of hash tables.
///
/// ```
/// use fluxus_perf::w5::campaigns::Campaigns;
/// use fluxus_perf::w5::data;
///
/// let campaigns = Campaigns::new();
/// let (ad, campaign) = data::campaigns().last().unwrap();
/// assert_eq!(campaigns.of(ad), Some(campaign));
/// assert_eq!(campaigns.of(7), None);
/// ```
#[derive(Clone, Debug)]
pub struct Campaigns {
    slots: Vec<Slot>,
    /// By number.
    ids: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    ad_id: u64,
    campaign: u32,
}

const VACANT: u32 = u32::MAX;
/// Four slots for each advertisement, rounded up to a power of two.
const SLOTS: usize = (4 * ADVERTISEMENTS as usize).next_power_of_two();

impl Campaigns {
    /// The table of all advertisements.
    pub fn new() -> Self {
        let mut slots = vec![
            Slot {
                ad_id: 0,
                campaign: VACANT
            };
            SLOTS
        ];
        let mut ids = Vec::new();
        for (number, (ad_id, campaign)) in campaigns().enumerate() {
            let number = number as u64 / ADVERTISEMENTS_PER_CAMPAIGN;
            if number as usize == ids.len() {
                ids.push(campaign);
            }
            let mut index = first_slot(ad_id);
            while slots[index % SLOTS].campaign != VACANT {
                index += 1;
            }
            slots[index % SLOTS] = Slot {
                ad_id,
                campaign: number as u32,
            };
        }
        Self { slots, ids }
    }

    /// The number of the campaign that an advertisement belongs to, from 0.
    #[inline(always)]
    pub fn number_of(&self, ad_id: u64) -> Option<usize> {
        let mut index = first_slot(ad_id);
        loop {
            let slot = self.slots[index % SLOTS];
            if slot.campaign == VACANT {
                return None;
            }
            if slot.ad_id == ad_id {
                return Some(slot.campaign as usize);
            }
            index += 1;
        }
    }

    /// The campaign that an advertisement belongs to.
    #[inline(always)]
    pub fn of(&self, ad_id: u64) -> Option<u64> {
        self.number_of(ad_id).map(|number| self.ids[number])
    }

    /// The campaigns, by number.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }
}

impl Default for Campaigns {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
fn first_slot(ad_id: u64) -> usize {
    (ad_id.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - SLOTS.trailing_zeros())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advertisement_is_found_and_no_other() {
        let table = Campaigns::new();
        assert_eq!(table.ids().len(), 100);
        for (ad, campaign) in campaigns() {
            assert_eq!(table.of(ad), Some(campaign));
            assert_eq!(table.of(ad + 1), None);
        }
        assert_eq!(table.of(0), None);
    }
}
