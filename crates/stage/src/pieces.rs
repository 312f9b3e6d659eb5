//! The finished pieces of which an output is joined.

use std::collections::BTreeMap;
use std::path::Path;

use artifact::Manifest;

use crate::Stage;
use crate::error::StageError;
use crate::part::Part;
use crate::process::filled;
use crate::request::RunRequest;

/// Checks that the pieces that `request` names are as many as its part needs, and made by this
/// stage from the parameters, the seed and the inputs of the request, as far as manifests tell.
///
/// # Errors
/// Where they are not, or a manifest cannot be read.
pub(crate) fn check<S: Stage>(request: &RunRequest) -> Result<(), StageError> {
    let needed = match request.part {
        Part::Whole | Part::Piece { .. } => 0,
        Part::Join { of } => of,
    };
    if request.pieces.len() != needed {
        return Err(StageError::new(format!(
            "the request names {} finished pieces; its part needs {needed}",
            request.pieces.len()
        )));
    }
    if needed == 0 {
        return Ok(());
    }
    let parameters = filled::<S>(&request.parameters)?;
    let mut inputs = BTreeMap::new();
    for (port, artifacts) in &request.inputs.0 {
        let keys: Result<Vec<String>, StageError> =
            artifacts.iter().map(|input| Ok(input.manifest()?.key)).collect();
        inputs.insert(port.clone(), keys?);
    }
    for piece in &request.pieces {
        let found = Manifest::read(piece)?;
        if found.kind != S::OUTPUT || found.stage != S::NAME || found.stage_version != S::VERSION {
            let by = format!("{} {}", found.stage, found.stage_version);
            return Err(other(piece, &format!("by {by}, not by {} {}", S::NAME, S::VERSION)));
        }
        if filled::<S>(&found.parameters)? != parameters {
            return Err(other(piece, "with other parameters"));
        }
        if S::USES_SEED && found.seed != Some(request.seed) {
            return Err(other(piece, "with another seed"));
        }
        if found.inputs != inputs {
            return Err(other(piece, "from other inputs"));
        }
    }
    Ok(())
}

fn other(piece: &Path, how: &str) -> StageError {
    StageError::new(format!("the piece {} was made {how}", piece.display()))
        .hint("join pieces that were made for the same output")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use artifact::{CONTRACT, Kind, Outline};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;
    use crate::{Context, Inputs, Limits, Outlines, Plan, Port};

    /// A stage with one parameter; it splits where `SPLITS`.
    struct Fake<const SPLITS: bool>;

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Parameters {
        #[serde(default)]
        shift: f64,
    }

    impl<const SPLITS: bool> Stage for Fake<SPLITS> {
        type Parameters = Parameters;

        const NAME: &'static str = "fake";
        const VERSION: &'static str = "1";
        const SUMMARY: &'static str = "";
        const INPUTS: &'static [Port] = &[Port::one("dataset", Kind::DATASET)];
        const OUTPUT: Kind = Kind::KERNEL;
        const USES_SEED: bool = true;
        const SPLITS: bool = SPLITS;

        fn plan(_: &Parameters, _: &Outlines, _: &Limits) -> Plan {
            Plan::default()
        }

        fn run(_: &Parameters, _: &Inputs, _: &Path, _: &Context) -> Result<Outline, StageError> {
            Ok(Outline::default())
        }
    }

    fn manifest(change: impl FnOnce(&mut Manifest)) -> Manifest {
        let mut manifest = Manifest {
            key: "ab".to_owned(),
            stage: "fake".to_owned(),
            stage_version: "1".to_owned(),
            parameters: json!({ "shift": 0.0 }),
            inputs: BTreeMap::from([("dataset".to_owned(), vec!["cd".to_owned()])]),
            seed: Some(3),
            ..Manifest::bare(Kind::KERNEL)
        };
        change(&mut manifest);
        manifest
    }

    /// What is said to a request for `part` with `pieces` pieces, the last with the manifest `last`.
    fn said<const SPLITS: bool>(part: Part, pieces: usize, last: &Manifest) -> String {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: String| -> PathBuf {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path
        };
        let dataset = at("dataset".to_owned());
        manifest(|of| of.key = "cd".to_owned()).write(&dataset).unwrap();
        let pieces: Vec<PathBuf> = (0..pieces).map(|index| at(format!("{index}"))).collect();
        for piece in &pieces {
            manifest(|_| ()).write(piece).unwrap();
        }
        if let Some(piece) = pieces.last() {
            last.write(piece).unwrap();
        }
        let request: RunRequest = serde_json::from_value(json!({
            "contract": CONTRACT, "stage": "x", "parameters": {}, "output": folder.path(),
            "inputs": { "dataset": [{ "directory": dataset }] }, "seed": 3,
            "limits": { "threads": 1, "memory_bytes": 1 }, "part": part, "pieces": pieces,
        }))
        .unwrap();
        let checked = part.check::<Fake<SPLITS>>().and_then(|()| check::<Fake<SPLITS>>(&request));
        checked.err().map_or_else(String::new, |error| error.message)
    }

    #[test]
    fn a_stage_that_does_not_split_is_asked_for_the_whole_alone() {
        assert_eq!(said::<false>(Part::Whole, 0, &manifest(|_| ())), "");
        for part in [Part::Piece { index: 0, of: 1 }, Part::Join { of: 0 }] {
            let message = said::<false>(part, 0, &manifest(|_| ()));
            assert!(message.ends_with("of `fake`, which is made in one go only"), "{message}");
        }
    }

    #[test]
    fn parts_that_there_are_not_are_refused() {
        for (part, pieces, why) in [
            (Part::Piece { index: 3, of: 4 }, 0, ""),
            (
                Part::Piece { index: 4, of: 4 },
                0,
                "the request is for piece 4 of 4; the last one is 3",
            ),
            (Part::Piece { index: 0, of: 0 }, 0, "at least 1 is needed"),
            (Part::Join { of: 0 }, 0, "at least 1 is needed"),
            (Part::Join { of: 2 }, 2, ""),
            (Part::Join { of: 2 }, 1, "names 1 finished pieces; its part needs 2"),
            (Part::Join { of: 2 }, 3, "names 3 finished pieces; its part needs 2"),
            (Part::Piece { index: 0, of: 2 }, 1, "names 1 finished pieces; its part needs 0"),
            (Part::Whole, 1, "names 1 finished pieces; its part needs 0"),
        ] {
            let message = said::<true>(part, pieces, &manifest(|_| ()));
            assert!(message.ends_with(why) && message.is_empty() == why.is_empty(), "{message}");
        }
    }

    #[test]
    fn pieces_of_another_output_are_refused() {
        let refused = |change: fn(&mut Manifest), why: &str| {
            let message = said::<true>(Part::Join { of: 2 }, 2, &manifest(change));
            assert!(message.contains("/1 was made ") && message.ends_with(why), "{message}");
        };
        refused(|of| of.stage = "other".to_owned(), "by other 1, not by fake 1");
        refused(|of| of.stage_version = "2".to_owned(), "by fake 2, not by fake 1");
        refused(|of| of.parameters = json!({ "shift": 1.0 }), "with other parameters");
        refused(|of| of.seed = Some(4), "with another seed");
        refused(|of| of.inputs.clear(), "from other inputs");
    }

    #[test]
    fn a_stage_that_says_it_splits_and_does_not_ends_with_an_error() {
        let limits = Limits { threads: 1, memory_bytes: 1 };
        let (inputs, context) = (Inputs::default(), Context::silent(0, limits));
        let parameters = Parameters { shift: 0.0 };
        let here = Path::new("");
        let piece = Fake::<true>::run_piece(&parameters, &inputs, 0, 1, here, &context);
        let join = Fake::<true>::join(&parameters, &inputs, &[], here, &context);
        assert!(piece.is_err() && piece == join);
    }
}
