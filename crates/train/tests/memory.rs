//! A long training needs no more memory than a short one.

use std::fs;

use network::{Activation, Architecture, Initialization, Network};
use stage::Seed;
use train::{Engine, Loss, Optimizer, Trainer};

/// Rows of a batch: what a step might leave behind is as long.
const ROWS: usize = 4096;

/// Memory of this process, beside files, in bytes; `None` where the system does not tell.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

#[test]
fn steps_leave_nothing_behind() {
    let architecture =
        Architecture::fully_connected(vec![4], Activation::Tanh, Initialization::Glorot);
    let mut stream = Seed(1).stream("init");
    let network: Network<f32> =
        Network::initialize(&architecture, 2, 1, &mut stream).expect("a network");
    let x: Vec<f32> = (0..2 * ROWS).map(|i| (i as f32 * 0.37).sin()).collect();
    let y: Vec<f32> = (0..ROWS).map(|i| (i as f32 * 0.11).cos()).collect();
    for engine in [Engine::Fused, Engine::Dfdx] {
        let optimizer = Optimizer::GradientDescent;
        let mut trainer = Trainer::new(&network, ROWS, engine, Loss::LeastSquares, optimizer);
        let mut run = |steps| {
            for _ in 0..steps {
                trainer.step(&x, &y, 0.01).expect("it trains");
            }
            memory()
        };
        let (Some(before), Some(after)) = (run(200), run(2000)) else { return };
        // One vector of outputs a step would be 33 MB.
        let growth = after.saturating_sub(before);
        assert!(growth < 8 << 20, "{engine:?}: {growth} bytes more after 2,000 steps");
    }
}
