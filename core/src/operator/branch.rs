use super::fan_out::branches_of;
use super::SideStream;
use crate::exchange::{into_lanes, Lanes};
use crate::{Chain, Collector, Error, Flow, Instance, Name, Plan};
use fluxus_runtime::Culprit;
use fluxus_windows::Timestamp;

/// Ends `upstream` in so many streams, and sends each record to the one whose
/// number, from 0, `choose` answers. Their instances lie beside those of
/// `upstream`.
///
/// A number that no branch has fails the job.
///
/// # Errors
/// When there is no branch at all, or no memory for the rings.
pub fn branch<U, F>(
    plan: &mut Plan,
    name: Name,
    upstream: U,
    branches: usize,
    choose: F,
) -> Result<Vec<SideStream<U::Item>>, Error>
where
    U: Chain,
    F: FnMut(&U::Item) -> usize + Clone + Send + 'static,
{
    let (streams, mut lanes) = branches_of(plan, &name, &upstream, branches)?;
    upstream.lower(plan, move |instance| {
        let lanes = lanes.iter_mut().filter_map(|lanes| lanes.lane(instance));
        Branching {
            name: name.clone(),
            choose: choose.clone(),
            lanes: Lanes::new(lanes.collect()),
            instance: instance.clone(),
        }
    })?;
    Ok(streams)
}

struct Branching<T, F> {
    name: Name,
    choose: F,
    lanes: Lanes<T>,
    instance: Instance,
}

impl<T, F: FnMut(&T) -> usize> Collector<T> for Branching<T, F> {
    #[inline]
    fn push(&mut self, time: Timestamp, value: T) -> Flow {
        let culprit = Culprit::new(&self.name);
        let branch = (self.choose)(&value);
        culprit.cleared();
        if branch >= self.lanes.len() {
            return self.no_such_branch(branch);
        }
        self.lanes.push(branch, time, value)
    }

    into_lanes!();
}

impl<T, F> Branching<T, F> {
    #[cold]
    fn no_such_branch(&mut self, branch: usize) -> Flow {
        let last = self.lanes.len().saturating_sub(1);
        self.instance.fail(
            &self.name,
            format!(
                "its function chose branch {branch}, but its branches are numbered 0 to {last}: \
                 ask for more branches or choose one of these"
            ),
        )
    }
}
