//! What a plan knows and what it refuses, each at its JSON Pointer, all at once.

use dataset::{Dataset, Parameters};
use serde_json::{Value, json};
use stage::{Limits, Outlines, Plan, Stage};

fn plan_within(parameters: Value, memory_bytes: u64) -> Plan {
    let parameters: Parameters = serde_json::from_value(parameters).expect("parameters parse");
    Dataset::plan(&parameters, &Outlines::default(), &Limits { threads: 1, memory_bytes })
}

fn plan(parameters: Value) -> Plan {
    plan_within(parameters, 1 << 32)
}

/// Pointers of all problems.
fn at(plan: &Plan) -> Vec<&str> {
    plan.problems.iter().map(|problem| problem.at.as_str()).collect()
}

#[test]
fn the_portrait_is_the_default_and_has_two_inputs_and_one_output() {
    let plan = plan(json!({ "train": 8, "test": 4 }));
    assert_eq!(at(&plan), [] as [&str; 0]);
    assert_eq!(
        serde_json::to_value(&plan.outline).unwrap(),
        json!({ "train_samples": 8, "test_samples": 4, "input_dim": 2, "output_dim": 1, "labelled": false })
    );
}

#[test]
fn every_default_stands_in_the_schema_and_in_the_recorded_parameters() {
    let parameters: Parameters = serde_json::from_value(json!({ "train": 1 })).unwrap();
    let recorded = serde_json::to_value(parameters).unwrap();
    let expected = json!({
        "source": { "portrait": {} }, "train": 1, "test": 0, "sampling": "uniform",
        "test_sampling": null, "inputs": "unit", "targets": "one_hot", "shuffle_targets": false, "label_noise": 0.0, "label_flips": 0.0
    });
    assert_eq!(recorded, expected);
    let schema = stage::Description::of::<Dataset>().parameters;
    for (name, default) in expected.as_object().unwrap() {
        let property = &schema["properties"][name];
        assert!(property["description"].is_string(), "{name} is described");
        if name != "train" {
            assert_eq!(&property["default"], default, "{name}");
        }
    }
    assert_eq!(schema["required"], json!(["train"]));
    assert_eq!(schema["properties"]["train"]["minimum"], 1);
}

#[test]
fn unknown_fields_are_refused_at_every_depth() {
    for parameters in [
        json!({ "train": 1, "tests": 1 }),
        json!({ "train": 1, "source": { "portrait": { "size": 3 } } }),
        json!({ "train": 1, "source": { "photo": {} } }),
        json!({ "train": 1, "source": { "image": { "path": "a.png", "grey": true } } }),
        json!({ "train": 1, "source": { "function": { "formula": { "radial": { "rings": 2 } } } } }),
        json!({ "train": -1 }),
        json!({ "train": 1, "sampling": "random" }),
    ] {
        assert!(serde_json::from_value::<Parameters>(parameters.clone()).is_err(), "{parameters}");
    }
}

#[test]
fn all_problems_come_at_once() {
    let plan = plan(json!({
        "source": { "function": { "input_dim": 3, "formula": { "sinusoids": { "terms": [
            { "frequency": [1, 2, 3] }, { "frequency": [1] }
        ] } } } },
        "train": 0,
        "label_noise": -0.5,
    }));
    assert_eq!(
        at(&plan),
        ["/train", "/label_noise", "/source/function/formula/sinusoids/terms/1/frequency"]
    );
    assert_eq!(plan.problems[0].message, "train is 0; training needs at least one sample");
    assert_eq!(plan.problems[1].message, "label_noise is -0.5; a standard deviation is 0 or more");
}

#[test]
fn formulas_that_mean_nothing_are_refused() {
    let function = |dim: u32, formula: Value| {
        let source = json!({ "function": { "input_dim": dim, "formula": formula } });
        let plan = plan(json!({ "source": source, "train": 4 }));
        at(&plan)
            .into_iter()
            .map(|at| at.trim_start_matches("/source/function").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(function(2, json!({ "radial": {} })), [] as [&str; 0]);
    assert_eq!(function(0, json!({ "radial": {} })), ["/input_dim"]);
    assert_eq!(function(2, json!({ "sinusoids": { "terms": [] } })), ["/formula/sinusoids/terms"]);
    assert_eq!(
        function(2, json!({ "polynomial": { "terms": [] } })),
        ["/formula/polynomial/terms"]
    );
    assert_eq!(
        function(2, json!({ "polynomial": { "terms": [{ "powers": [1, 2, 3] }] } })),
        ["/formula/polynomial/terms/0/powers"]
    );
    assert_eq!(
        function(2, json!({ "checkerboard": { "cells": 0 } })),
        ["/formula/checkerboard/cells"]
    );
    assert_eq!(
        function(2, json!({ "random_sinusoids": { "count": 0, "max_frequency": 0 } })),
        ["/formula/random_sinusoids/count", "/formula/random_sinusoids/max_frequency"]
    );
    assert_eq!(
        function(2, json!({ "teacher": { "network": { "hidden": [3, 0] }, "output_dim": 0 } })),
        ["/formula/teacher/output_dim", "/formula/teacher/network/hidden/1"]
    );
}

#[test]
fn a_grid_needs_a_power_and_says_which_are_near() {
    let plan = plan(json!({ "train": 1000, "test": 900, "sampling": "grid" }));
    assert_eq!(at(&plan), ["/train"]);
    assert_eq!(
        plan.problems[0].message,
        "a grid in 2 dimensions cannot have 1000 points; 961 or 1024 can be"
    );
    let plan = self::plan(json!({ "train": 1000, "test": 1000, "test_sampling": "grid" }));
    assert_eq!(at(&plan), ["/test"]);
}

#[test]
fn an_image_that_does_not_exist_or_is_none_is_refused_and_a_sound_one_is_part_of_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let image = |path: &std::path::Path| {
        plan(json!({ "source": { "image": { "path": path } }, "train": 4 }))
    };

    let missing = image(&folder.path().join("none.png"));
    assert_eq!(at(&missing), ["/source/image/path"]);
    assert!(missing.problems[0].message.contains("none.png"));

    let text = folder.path().join("text.jpg");
    std::fs::write(&text, "words").unwrap();
    let none = image(&text);
    assert_eq!(at(&none), ["/source/image/path"]);
    assert!(none.problems[0].message.contains("not a readable PNG or JPEG"));
    assert!(none.files.is_empty());

    let sound = folder.path().join("sound.png");
    image::GrayImage::new(1, 1).save(&sound).unwrap();
    let plan = image(&sound);
    assert_eq!(at(&plan), [] as [&str; 0]);
    assert_eq!(plan.files, [sound]);
}

#[test]
fn a_table_is_read_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a,b,t\n1,2,3\n2,x,4\n3,4,5\n").unwrap();
    let table = |inputs: &[&str], rest: Value| {
        let mut parameters = json!({
            "source": { "table": { "path": path, "inputs": inputs, "targets": ["t"] } },
            "train": 2, "test": 1
        });
        parameters.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        plan(parameters)
    };
    let sound = table(&["a"], json!({}));
    assert_eq!(at(&sound), [] as [&str; 0]);
    assert_eq!((sound.outline.input_dim, sound.outline.output_dim), (Some(1), Some(1)));
    assert_eq!(sound.files, std::slice::from_ref(&path));

    let wrong = table(&["a", "b", "c"], json!({ "sampling": "grid", "inputs": "centred" }));
    assert_eq!(
        at(&wrong),
        ["/sampling", "/inputs", "/source/table/inputs/1", "/source/table/inputs/2"]
    );

    assert_eq!(at(&table(&["a"], json!({ "test": 2 }))), ["/test"]);
    assert_eq!(at(&table(&["a"], json!({ "train": 4 }))), ["/train"]);
}

#[test]
fn a_labelled_table_has_one_output_a_class_and_takes_no_noise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a,kind\n1,x\n2,y\n3,z\n").unwrap();
    let plan = plan(json!({
        "source": { "table": { "path": path, "inputs": ["a"], "label": "kind" } },
        "train": 2, "label_noise": 0.1
    }));
    assert_eq!(at(&plan), ["/label_noise"]);
    assert_eq!((plan.outline.output_dim, plan.outline.labelled), (Some(3), Some(true)));
}

#[test]
fn classes_are_flipped_and_numbers_are_not() {
    let with = |flips: f64| plan(json!({ "train": 3, "label_flips": flips }));
    assert_eq!(at(&with(0.1)), ["/label_flips"]);
    assert_eq!(
        with(0.1).problems[0].hint.as_deref(),
        Some("use label_noise, a standard deviation")
    );
    assert_eq!(with(1.5).problems[0].message, "label_flips is 1.5; a share lies between 0 and 1");
}

#[test]
fn digits_are_read_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.csv");
    std::fs::write(&path, "0,1,2\n1,3,4\n2,5,6\n1,7,8\n").unwrap();
    let digits = |more: Value| {
        let mut parameters =
            json!({ "source": { "digits": { "path": path } }, "train": 2, "test": 1 });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        plan(parameters)
    };
    let sound = digits(json!({ "inputs": "centred", "label_flips": 0.5 }));
    assert_eq!(at(&sound), [] as [&str; 0]);
    assert_eq!((sound.outline.input_dim, sound.outline.output_dim), (Some(2), Some(3)));
    assert_eq!(sound.outline.labelled, Some(true));
    assert_eq!(sound.files, std::slice::from_ref(&path));

    let wrong = digits(json!({ "sampling": "grid", "label_noise": 0.1, "train": 4 }));
    assert_eq!(at(&wrong), ["/sampling", "/label_noise", "/test"]);
    assert_eq!(at(&digits(json!({ "train": 5 }))), ["/train"]);
    let missing = plan(json!({ "source": { "digits": { "path": "none" } }, "train": 1 }));
    assert_eq!(at(&missing), ["/source/digits/path"]);
    let twice = json!({ "digits": { "path": path, "classes": [1, 1], "white": 0 } });
    let twice = plan(json!({ "source": twice, "train": 1 }));
    assert!(at(&twice).starts_with(&["/source/digits/white", "/source/digits/classes/1"]));
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), folder.path(), std::path::Path::new("/dev/zero")] {
        let sources = [
            json!({ "image": { "path": path } }),
            json!({ "table": { "path": path, "inputs": ["a"], "targets": ["t"] } }),
            json!({ "digits": { "path": path } }),
        ];
        for source in sources {
            let plan = plan(json!({ "source": source, "train": 1 }));
            assert_eq!(plan.problems.len(), 1, "{source}");
            assert!(plan.problems[0].at.ends_with("/path"), "{source}");
            assert!(plan.problems[0].message.contains(" is "), "{source}");
        }
    }
}

#[test]
fn memory_of_the_source_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("p.png");
    image::RgbImage::new(1000, 500).save(&picture).unwrap();
    let table = folder.path().join("t.csv");
    let lines: Vec<String> = (0..10_000).map(|i| format!("{i},{}", i % 7)).collect();
    std::fs::write(&table, format!("a,t\n{}\n", lines.join("\n"))).unwrap();
    let teacher = json!({ "teacher": { "network": { "hidden": [1000, 1000] } } });
    for (source, least) in [
        // Levels in f32 beside the decoded picture.
        (json!({ "image": { "path": picture } }), 500_000 * (3 + 4)),
        (json!({ "table": { "path": table, "inputs": ["a"], "targets": ["t"] } }), 160_000),
        (json!({ "function": { "formula": teacher } }), 8 * 1_000_000),
        (
            json!({ "function": { "formula": { "random_sinusoids": { "count": 100_000 } } } }),
            100_000 * 40,
        ),
    ] {
        let parameters = json!({ "source": source, "train": 4 });
        let plan = plan(parameters.clone());
        assert_eq!(at(&plan), [] as [&str; 0], "{source}");
        let planned = plan.memory_bytes.unwrap();
        assert!((least..6 * least).contains(&planned), "{source}: {planned} for {least}");
        let refused = plan_within(parameters, least / 2);
        assert_eq!(refused.problems.len(), 1, "{source}");
        assert!(refused.problems[0].message.contains("of memory"), "{:?}", refused.problems);
    }
}

#[test]
fn more_samples_than_memory_holds_are_refused() {
    let plan = plan_within(json!({ "train": 4_000_000_000_u32 }), 1 << 30);
    assert_eq!(at(&plan), ["/train"]);
    assert!(plan.problems[0].message.ends_with("; there are 1.1 GB"), "{:?}", plan.problems);
}

#[test]
fn images_are_augmented_and_other_inputs_are_not() {
    let glyphs = |augment: Value| {
        plan(
            json!({ "source": { "glyphs": { "classes": 4, "side": 8 } }, "train": 3, "augment": augment }),
        )
    };
    assert_eq!(at(&glyphs(json!({ "shift": 7, "flip": true, "draw": 2 }))), [] as [&str; 0]);
    assert_eq!(at(&glyphs(json!({ "shift": 8 }))), ["/augment/shift"]);
    let found = plan(json!({ "train": 3, "augment": { "flip": true } }));
    assert_eq!(at(&found), ["/augment"]);
    assert_eq!(
        found.problems[0].message,
        "augment is for images, but this source has inputs without a shape"
    );
}
