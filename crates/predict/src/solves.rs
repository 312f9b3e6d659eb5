//! All that is asked of a kernel, in its own units.

use crate::filter::Filter;
use crate::parameters::{Parameters, Start};
use crate::sources::Sources;
use artifact::tables::prediction::Method;

/// One ridge or time.
#[derive(Clone, Debug)]
pub struct Solve {
    /// Ridge, flow or descent.
    pub method: Method,
    /// ε.
    pub ridge: Option<f64>,
    /// r, or t.
    pub time: Option<f64>,
    /// With λ, τ or rates in the kernel's own units.
    pub filter: Filter,
}

/// All that is asked for: ridges, times, and the checkpoints of the training run.
pub fn solves(sources: &Sources, parameters: &Parameters, step: u64, scale: f64) -> Vec<Solve> {
    let ridges = parameters.ridges.iter().map(|&ridge| Solve {
        method: Method::Ridge,
        ridge: Some(ridge),
        time: None,
        filter: Filter::Ridge { lambda: ridge * scale },
    });
    let times = parameters.times.iter().map(|&time| Solve {
        method: Method::Flow,
        ridge: None,
        time: Some(time),
        filter: Filter::Flow { tau: time / scale },
    });
    let mut all: Vec<Solve> = ridges.chain(times).collect();
    if let Some(network) = sources.network.as_ref().filter(|_| parameters.descent)
        && let Some(rates) = &network.rates
    {
        let from = if parameters.start == Start::Network { step } else { 0 };
        for &checkpoint in network.outputs.keys().filter(|&&checkpoint| checkpoint > from) {
            let updates = checkpoint - from;
            all.push(Solve {
                method: Method::Descent,
                ridge: None,
                time: Some(updates as f64),
                filter: Filter::descent(rates, from, updates, sources.samples()),
            });
        }
    }
    all
}
