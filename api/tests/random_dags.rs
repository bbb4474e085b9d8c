//! Random DAGs of all operators that keep what they are given: nothing is lost,
//! doubled or out of order, watermarks and barriers are in their places, and
//! windows get everything in time: at 1 to 8 workers, on threads, on one thread,
//! and in random orders of polls.

mod dag_model;

use dag_model::{build, check, dags, expected, Dag, Difference, Given};
use fluxus::prelude::*;
use fluxus::{IdleStrategy, Placement};
use proptest::prelude::*;

/// How the tasks of a job are polled.
#[derive(Clone, Copy, Debug)]
enum Polls {
    InTurn,
    ByChance(u64),
    OnThreads,
}

/// How a job is run.
#[derive(Clone, Copy, Debug)]
struct Shape {
    workers: usize,
    batch: usize,
    ring: usize,
    polls: Polls,
}

impl Shape {
    /// Runs the DAG and holds all that comes out to the model.
    fn run(self, dag: &Dag) -> Result<(), Difference> {
        let expected = |dag: &Dag| {
            expected(dag, self.workers).ok_or("more events than the model has time for")
        };
        let config = Config::new()
            .workers(self.workers)
            .batch(self.batch)
            .ring_capacity(self.ring)
            .placement(Placement::Unpinned)
            .idle(IdleStrategy::Park)
            .expected_keys(8);
        // What each step gets, as the model says.
        let given: Result<Vec<Given>, Difference> = (0..dag.steps.len())
            .map(|step| {
                let before = Dag {
                    sources: dag.sources.clone(),
                    steps: dag.steps[..step].to_vec(),
                };
                let streams = expected(&before)?;
                let stream = &streams[dag.steps[step].stream % streams.len()];
                Ok(Given {
                    is_ordered: stream.is_ordered,
                    is_raw: stream.is_raw(),
                })
            })
            .collect();
        let given = given?;
        let run = || -> Result<_, Error> {
            let job = Job::new("dag", config)?;
            let heard = build(&job, dag, &given)?;
            let report = match self.polls {
                Polls::InTurn => job.run_local()?,
                Polls::ByChance(seed) => job.run_seeded(seed)?,
                Polls::OnThreads => job.run()?,
            };
            Ok((heard, report))
        };
        let (heard, report) = run().map_err(|error| error.to_string())?;
        if report.late() != 0 {
            return Err(format!("{} records were late", report.late()));
        }
        let expected = expected(dag)?;
        for (stream, (heard, expected)) in heard.iter().zip(&expected).enumerate() {
            check(&heard.take(), expected).map_err(|what| format!("stream {stream}: {what}"))?;
        }
        Ok(())
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let workers = prop::sample::select(vec![1, 2, 3, 8]);
    let sizes = prop::sample::select(vec![(1, 1), (2, 2), (2, 16), (3, 4), (512, 512)]);
    let polls = prop_oneof![
        1 => Just(Polls::InTurn),
        6 => any::<u64>().prop_map(Polls::ByChance),
        1 => Just(Polls::OnThreads),
    ];
    (workers, sizes, polls).prop_map(|(workers, (batch, ring), polls)| Shape {
        workers,
        batch,
        ring,
        polls,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nothing_is_lost_doubled_or_out_of_order(
        dag in dags(),
        shapes in prop::collection::vec(shapes(), 3),
    ) {
        let is_small = |shape: &Shape| expected(&dag, shape.workers).is_some();
        prop_assume!(shapes.iter().all(is_small));
        for shape in shapes {
            if let Err(what) = shape.run(&dag) {
                let steps: Vec<_> = dag.steps.iter().map(|s| format!("{:?}", s.does)).collect();
                prop_assert!(false, "{shape:?}, {}: {what}", steps.join(", "));
            }
        }
    }
}
