use fluxus_perf::splitmix::splitmix;

/// Numbers that look random, the same ones for the same seed, for made-up data.
#[derive(Clone, Copy, Debug)]
pub struct Random {
    seed: u64,
    drawn: u64,
}

impl Random {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        let number = splitmix(self.seed, self.drawn);
        self.drawn = self.drawn.wrapping_add(1);
        number
    }

    /// A number below `bound`; zero where that is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The upper half of a product: it fits.
        ((u128::from(self.number()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number that is normal around 0 with a deviation of about 1: the sum of
    /// twelve, less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_seed_draws_the_same_numbers_within_their_bounds() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [(); 9].map(|()| random.number())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let (mut one, mut sum) = (Random::new(7), 0.0);
        for _ in 0..1000 {
            assert!(one.below(10) < 10 && (0.0..1.0).contains(&one.unit()));
            sum += one.normal();
        }
        assert!(sum.abs() / 1000.0 < 0.2, "{sum}");
        assert_eq!(one.below(0), 0);
    }
}
