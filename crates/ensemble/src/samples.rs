//! What is to be predicted: the targets of each dataset.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use artifact::read_rows;
use artifact::tables::Split;
use artifact::tables::dataset::Sample;
use stage::{Input, Inputs, StageError};

/// The samples of one dataset, without their inputs.
#[derive(Debug)]
pub struct Samples {
    /// o.
    pub outputs: usize,
    /// The seed that drew them, where that is known.
    pub seed: Option<u64>,
    /// Training samples.
    pub train: Side,
    /// Test samples.
    pub test: Side,
}

/// The samples of one split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// y, samples × outputs.
    pub targets: Vec<f32>,
    /// Classes.
    pub labels: Vec<Option<u32>>,
    /// A hash of all inputs x: two augmented draws have the same targets.
    pub inputs: u64,
}

impl Side {
    /// How many samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the same is to be predicted, of inputs that may be preprocessed in another way.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.targets == other.targets && self.labels == other.labels
    }
}

impl Samples {
    /// Those of one split.
    pub fn of(&self, split: Split) -> &Side {
        match split {
            Split::Train => &self.train,
            Split::Test => &self.test,
        }
    }

    fn read(directory: &Path) -> Result<Self, StageError> {
        let rows = read_rows::<Sample>(directory)?;
        let outputs = rows.first().map_or(0, |row| row.y.len());
        let [mut train, mut test] = [Side::default(), Side::default()];
        let mut hashes = [DefaultHasher::new(), DefaultHasher::new()];
        for row in rows {
            let (side, split) = match row.split {
                Split::Train => (&mut train, "train"),
                Split::Test => (&mut test, "test"),
            };
            let is_finite = row.y.iter().all(|y| y.is_finite());
            if row.sample as usize != side.len()
                || row.y.len() != outputs
                || outputs == 0
                || !is_finite
            {
                return Err(StageError::new(format!(
                    "{}: sample {} of the {split} split has a target of {} numbers, where sample {} with {} finite ones should stand",
                    directory.display(),
                    row.sample,
                    row.y.len(),
                    side.len(),
                    outputs.max(1)
                )));
            }
            let hash = &mut hashes[row.split as usize];
            row.x.iter().for_each(|x| x.to_bits().hash(hash));
            side.targets.extend(row.y);
            side.labels.push(row.label);
        }
        let [of_train, of_test] = hashes;
        (train.inputs, test.inputs) = (of_train.finish(), of_test.finish());
        Ok(Self { outputs, seed: None, train, test })
    }
}

/// The datasets that were read, each once.
#[derive(Debug, Default)]
pub struct Datasets(BTreeMap<PathBuf, Rc<Samples>>);

impl Datasets {
    /// The samples that `input` was made from.
    ///
    /// # Errors
    /// Where no dataset, or more than one, goes with it, or its table is damaged.
    pub fn of(&mut self, inputs: &Inputs, input: &Input) -> Result<Rc<Samples>, StageError> {
        let dataset = inputs.matching("dataset", input)?.path();
        if let Some(found) = self.0.get(dataset) {
            return Ok(Rc::clone(found));
        }
        let seed = inputs.matching("dataset", input)?.manifest()?.seed;
        let read = Rc::new(Samples { seed, ..Samples::read(dataset)? });
        self.0.insert(dataset.to_owned(), Rc::clone(&read));
        Ok(read)
    }
}
