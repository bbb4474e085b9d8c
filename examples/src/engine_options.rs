use clap::{value_parser, Args, ValueEnum};
use fluxus::{Config, IdleStrategy, Placement};

/// How the engine runs: the options that every sample program has.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Engine")]
pub struct EngineOptions {
    /// Worker threads, each on a core of its own [default: one a core that this process may use]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// Cores to pin the workers to, such as 0,1 or 2-5 [default: chosen by the engine]
    #[arg(long, value_name = "LIST")]
    cores: Option<Placement>,

    /// Leave the workers to the operating system
    #[arg(long, conflicts_with = "cores")]
    no_pin: bool,

    /// What a worker does that has nothing to do: adaptive, spin, yield or park
    #[arg(long, value_name = "STRATEGY", default_value_t)]
    idle: IdleStrategy,

    /// Records handled at a time; event time moves on once a batch [default: chosen by the engine]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=4096))]
    batch: Option<u16>,
}

/// What goes to standard output.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people, with totals and latencies at the end
    Table,
    /// One JSON object a line, nothing else
    Jsonl,
}

impl EngineOptions {
    /// Whether anything of it was asked for (an idle strategy apart, which is there in
    /// any case).
    pub(crate) fn is_given(&self) -> bool {
        self.workers.is_some() || self.cores.is_some() || self.no_pin || self.batch.is_some()
    }

    /// The configuration that these options ask for.
    pub fn config(&self) -> Config {
        let mut config = Config::new().idle(self.idle);
        if let Some(batch) = self.batch {
            config = config.batch(batch.into());
        }
        if let Some(workers) = self.workers {
            config = config.workers(workers.into());
        }
        match &self.cores {
            _ if self.no_pin => config.placement(Placement::Unpinned),
            None => config,
            Some(placement) => {
                // Whoever lists cores means one worker for each.
                if let (Placement::Cores(cores), None) = (placement, self.workers) {
                    config = config.workers(cores.len());
                }
                config.placement(placement.clone())
            }
        }
    }
}
