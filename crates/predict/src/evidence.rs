//! What the findings rest on, from the fits of the last step.

use faer::Mat;
use stage::StageError;

use crate::filter::Filter;
use crate::findings::{EarlyStopping, Evidence, Precision, Scored};
use crate::fits::{Fits, Solved};
use crate::rows::negative_variances;
use crate::scores;
use crate::sources::Sources;
use artifact::tables::prediction::Method;

/// Multiples a of 1/ε at which a flow is compared with the ridge ε: the least, the greatest and how many.
const MULTIPLES: (f64, f64, u32) = (0.3, 4.0, 40);

/// The evidence of `fits`.
///
/// # Errors
/// Where memory lacks.
pub fn of(fits: &Fits, sources: &Sources) -> Result<Evidence, StageError> {
    let (targets, labels) = (&sources.targets.test, &sources.test_labels);
    let methods = [Method::Ridge, Method::Flow, Method::Descent];
    let chosen = methods.into_iter().find_map(|method| fits.chosen(method));
    let scored = |predicted: &Mat<f64>| -> Option<Scored> {
        let mse = scores::mse(predicted.as_ref(), targets.as_ref())?;
        Some(Scored { accuracy: scores::accuracy(predicted.as_ref(), labels), mse })
    };
    let kernel = chosen.and_then(test).and_then(scored);
    let network = sources.network.as_ref();
    let outputs = network.and_then(|network| Some(&network.outputs.get(&network.last)?.test));
    let network = outputs.and_then(scored);
    let distance = chosen
        .and_then(test)
        .zip(outputs)
        .and_then(|(predicted, outputs)| scores::distance(predicted.as_ref(), outputs.as_ref()));
    let zero = Mat::zeros(targets.nrows(), targets.ncols());
    Ok(Evidence {
        kernel,
        network,
        chance: scores::chance(labels),
        distance,
        zero_mse: scores::mse(zero.as_ref(), targets.as_ref()),
        early_stopping: fits.has_test().then(|| early_stopping(fits, targets)),
        precision: chosen.map(|chosen| precision(fits, chosen, sources)).transpose()?,
    })
}

fn test(solved: &Solved) -> Option<&Mat<f64>> {
    solved.predicted.as_ref().map(|predicted| &predicted.at.test).filter(|it| it.nrows() > 0)
}

fn precision(fits: &Fits, chosen: &Solved, sources: &Sources) -> Result<Precision, StageError> {
    let resolved = fits.solved.iter().filter(|solved| solved.resolved).count();
    let floor = chosen.solve.filter.floor();
    let remedies = (!chosen.resolved).then(|| fits.remedies(floor / fits.scale)).transpose()?;
    Ok(Precision {
        noise: fits.level.noise,
        above: fits.level.smallest + floor,
        solves: (fits.solved.len(), resolved),
        remedies,
        lacks_diagonal: sources.covariance.as_ref().is_some_and(|it| !it.has_diagonal()),
        negative_variances: chosen.variance.as_ref().map_or(0, negative_variances),
    })
}

/// The flow most like the chosen ridge, or why there is none.
fn early_stopping(fits: &Fits, targets: &Mat<f64>) -> Result<EarlyStopping, String> {
    let chosen = fits.chosen(Method::Ridge).ok_or("No ridge is chosen.")?;
    let lambda = chosen.solve.filter.lambda().filter(|&lambda| lambda > 0.0);
    let lambda = lambda.ok_or("The chosen ridge is 0, whose flow never stops.")?;
    if !chosen.resolved {
        return Err("The chosen ridge does not stand above the rounding of the kernel.".to_owned());
    }
    if !fits.is_spectral() {
        return Err("One ridge is solved without eigenvalues: ask for a second one or for a time."
            .to_owned());
    }
    let ridge = test(chosen).ok_or("There is no prediction of test samples.")?;
    let added = fits.added(ridge);
    let flow = |tau: f64| fits.test(&Filter::Flow { tau });
    let (least, greatest, count) = MULTIPLES;
    let multiples =
        (0..count).map(|i| least * (greatest / least).powf(f64::from(i) / f64::from(count - 1)));
    let distances = multiples.filter_map(|multiple| {
        let flow = fits.added(&flow(multiple / lambda)?);
        Some((multiple, scores::distance(added.as_ref(), flow.as_ref())?))
    });
    let (multiple, distance) = distances
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .ok_or("The chosen ridge predicts 0 everywhere.")?;
    let error = |values: &Mat<f64>| scores::mse(values.as_ref(), targets.as_ref());
    let least_of = |method: Method| {
        let of_method = fits.solved.iter().filter(move |solved| solved.solve.method == method);
        of_method.filter_map(|solved| error(test(solved)?)).reduce(f64::min)
    };
    let lambdas = fits.solved.iter().filter_map(|solved| solved.solve.filter.lambda());
    let matched = lambdas.filter(|&lambda| lambda > 0.0);
    let matched = matched.filter_map(|lambda| error(&flow(multiple / lambda)?));
    let best_time = matched.chain(least_of(Method::Flow)).reduce(f64::min);
    let (best_ridge, best_time) =
        least_of(Method::Ridge).zip(best_time).ok_or("Errors on test samples overflow.")?;
    Ok(EarlyStopping { multiple, distance, best_ridge, best_time })
}
