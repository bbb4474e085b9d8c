use super::side_lanes::SideLanes;
use super::SideStream;
use crate::exchange::Broadcast;
use crate::{Chain, Error, Name, Plan};

/// Ends `upstream` in so many streams, each of which has every record, in its
/// order and at its time. Their instances lie beside those of `upstream`.
///
/// The slowest of them holds back the others, by what their rings hold. One that
/// wants no more (behind a `take`, say) holds nobody back.
///
/// # Errors
/// When there is no branch at all, or no memory for the rings.
pub fn fan_out<U>(
    plan: &mut Plan,
    name: Name,
    upstream: U,
    branches: usize,
) -> Result<Vec<SideStream<U::Item>>, Error>
where
    U: Chain,
    U::Item: Clone,
{
    let (streams, mut lanes) = branches_of(plan, &name, &upstream, branches)?;
    upstream.lower(plan, move |instance| {
        let lanes = lanes.iter_mut().filter_map(|lanes| lanes.lane(instance));
        Broadcast::new(name.clone(), lanes.collect())
    })?;
    Ok(streams)
}

/// The streams that an operator at the end of `upstream` divides into, and the
/// lanes of each.
#[allow(clippy::type_complexity)]
pub(super) fn branches_of<U: Chain>(
    plan: &mut Plan,
    name: &Name,
    upstream: &U,
    branches: usize,
) -> Result<(Vec<SideStream<U::Item>>, Vec<SideLanes<U::Item>>), Error> {
    if branches == 0 {
        return Err(Error::operator(
            name,
            "it has no branch to send records to: ask for at least one",
        ));
    }
    let instances = upstream.instances(plan);
    let mut streams = Vec::with_capacity(branches);
    let mut lanes = Vec::with_capacity(branches);
    plan.operator(name);
    for branch in 0..branches {
        let branch = Name::new(&format!("{name}.{branch}"));
        let (stream, rings) = SideStream::begin(plan, branch.clone(), instances)?;
        streams.push(stream);
        lanes.push(SideLanes::new(&branch, plan, Some(rings)));
    }
    Ok((streams, lanes))
}
