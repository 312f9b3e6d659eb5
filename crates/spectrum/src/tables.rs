//! The rows of the artifact, collected kernel by kernel.

use std::path::Path;

use artifact::tables::spectrum::{
    AlignmentRow, BaselineRow, DynamicsRow, EigenvalueRow, EigenvectorRow, EnergyRow, FrequencyRow,
    FrozenDescentRow, KernelRowsRow, ModeOverlapRow, SubspaceOverlapRow,
};
use artifact::{ArtifactError, write_rows};
use serde::{Deserialize, Serialize};

use crate::turning;

/// Rows of the tables, in the order of the steps.
#[derive(Default, Serialize, Deserialize)]
pub struct Tables {
    /// Of each kernel and index.
    pub eigenvalues: Vec<EigenvalueRow>,
    /// Of each kernel, split, signal and k.
    pub energy: Vec<EnergyRow>,
    /// Of each kernel.
    pub dynamics: Vec<DynamicsRow>,
    /// Of each kernel and metric.
    pub alignment: Vec<AlignmentRow>,
    /// Of each kernel, index and bin.
    pub frequency: Vec<FrequencyRow>,
    /// Of each split, output and k.
    pub baseline: Vec<BaselineRow>,
    /// Of each kernel held fixed, step and split.
    pub frozen_descent: Vec<FrozenDescentRow>,
    /// Of each kernel and index.
    pub eigenvectors: Vec<EigenvectorRow>,
    /// Of each kernel of output 0 and X.
    pub kernel_rows: Vec<KernelRowsRow>,
}

impl Tables {
    /// Adds the rows of later kernels.
    pub fn append(&mut self, mut later: Self) {
        self.eigenvalues.append(&mut later.eigenvalues);
        self.energy.append(&mut later.energy);
        self.dynamics.append(&mut later.dynamics);
        self.alignment.append(&mut later.alignment);
        self.frequency.append(&mut later.frequency);
        self.baseline.append(&mut later.baseline);
        self.frozen_descent.append(&mut later.frozen_descent);
        self.eigenvectors.append(&mut later.eigenvectors);
        self.kernel_rows.append(&mut later.kernel_rows);
    }

    /// Writes every table into the artifact at `directory`.
    ///
    /// # Errors
    /// Where a measure is not finite, or a file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<(), ArtifactError> {
        write_rows(directory, &self.eigenvalues)?;
        write_rows(directory, &self.energy)?;
        write_rows(directory, &self.dynamics)?;
        write_rows(directory, &self.alignment)?;
        write_rows(directory, &self.frequency)?;
        write_rows(directory, &self.baseline)?;
        write_rows(directory, &self.frozen_descent)?;
        write_rows(directory, &self.eigenvectors)?;
        write_rows(directory, &self.kernel_rows)?;
        let (spaces, modes): (Vec<SubspaceOverlapRow>, Vec<ModeOverlapRow>) =
            turning::overlaps(&self.eigenvectors);
        write_rows(directory, &spaces)?;
        write_rows(directory, &modes)
    }
}
