//! The variants of a sweep that failed: the report shows them beside those that it is about.

use artifact::tables::training::HistoryRow;
use stage::FailedInput;

use crate::axis::Axis;
use crate::error::ReportError;
use crate::measures;
use crate::variant::joined;

/// One variant that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Values of the axes of the sweep, in its order.
    pub axes: Vec<Axis>,
    /// The stage that failed.
    pub stage: String,
    /// Its error.
    pub message: String,
    /// The history of its training until that failed, where it did.
    pub history: Vec<HistoryRow>,
}

impl Failed {
    /// Reads every variant among the inputs that are missing.
    ///
    /// # Errors
    /// Where a history cannot be read.
    pub fn read_all(missing: &[FailedInput]) -> Result<Vec<Self>, ReportError> {
        let at = |port: &'static str| missing.iter().filter(move |input| input.port == port);
        let mut all = Vec::new();
        for spectrum in at("spectrum") {
            let mut training = at("training").filter(|other| goes_with(other, spectrum));
            let directory = training.find_map(|training| training.directory.as_ref());
            all.push(Self {
                axes: spectrum.axes().map(|axis| Axis::of(&axis)).collect(),
                stage: spectrum.stage.clone(),
                message: spectrum.message.clone(),
                history: match directory {
                    Some(directory) => measures::history(directory)?,
                    None => Vec::new(),
                },
            });
        }
        Ok(all)
    }

    /// The axes in one word, as `decay=0.5,seed=1`.
    #[must_use]
    pub fn label(&self) -> String {
        joined(&self.axes, ",")
    }
}

/// Whether two missing inputs can be of one variant: no axis has two values.
fn goes_with(one: &FailedInput, other: &FailedInput) -> bool {
    one.axes.iter().all(|(name, value)| other.axes.get(name).is_none_or(|found| found == value))
}
