//! Activation patterns of inputs from the network's own forward pass, and regions of a line by bisection.

use network::{Activation, Mode, Network, Op, Workspace};

/// f of every row of `x`.
pub fn outputs(network: &Network<f64>, x: &[f64]) -> Vec<f64> {
    let rows = x.len() / network.input_dim();
    let mut workspace = Workspace::in_mode(network, rows, Mode::Inference);
    workspace.forward(&network.views(), x).to_vec()
}

/// Of every row of `x` which units with a bend are above 0, and where the windows of max pools have their largest number.
pub fn patterns(network: &Network<f64>, x: &[f64]) -> Vec<Vec<u32>> {
    let rows = x.len() / network.input_dim();
    let mut workspace = Workspace::in_mode(network, rows, Mode::Inference);
    workspace.forward(&network.views(), x);
    let value = |value: usize| -> Vec<f64> {
        match value.checked_sub(1) {
            Some(step) => workspace.values(step).flat_map(|(_, values)| values.to_vec()).collect(),
            None => x.to_vec(),
        }
    };
    let mut patterns = vec![Vec::new(); rows];
    for (s, step) in network.program().steps.iter().enumerate() {
        if let Op::MaxPool(window) = step.op {
            let images = value(step.inputs[0]);
            let size = images.len() / rows;
            for (pattern, image) in patterns.iter_mut().zip(images.chunks(size)) {
                pattern.extend(places_of_maxima(&window, image));
            }
        }
        if matches!(step.activation, Activation::Relu | Activation::LeakyRelu(_)) {
            let values = value(s + 1);
            let width = step.shapes[1].len();
            for (pattern, row) in patterns.iter_mut().zip(values.chunks(width)) {
                pattern.extend(row.iter().map(|&h| u32::from(h > 0.0)));
            }
        }
    }
    patterns
}

fn places_of_maxima(window: &network::Window, image: &[f64]) -> Vec<u32> {
    let ([_, w, c], [down, across]) = (window.input, window.output);
    let mut found = Vec::new();
    for (y, x) in (0..down).flat_map(|y| (0..across).map(move |x| (y, x))) {
        for channel in 0..c {
            let mut best = None;
            for (dy, dx) in
                (0..window.kernel).flat_map(|dy| (0..window.kernel).map(move |dx| (dy, dx)))
            {
                let place = ((y * window.stride + dy) * w + x * window.stride + dx) * c + channel;
                if best.is_none_or(|best: usize| image[place] > image[best]) {
                    best = Some(place);
                }
            }
            found.push(best.unwrap_or(0) as u32);
        }
    }
    found
}

/// Where the pattern changes on the line from `a` to `b`: as inputs of one pattern are convex, a part of the line whose
/// ends have the same has it everywhere, and any other is halved, down to `resolution`.
pub fn bisected(network: &Network<f64>, a: &[f64], b: &[f64], resolution: f64) -> Vec<f64> {
    let pattern = |t: f64| {
        let x: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + t * (b - a)).collect();
        patterns(network, &x).remove(0)
    };
    let mut open = vec![((1.0, pattern(1.0)), (0.0, pattern(0.0)))];
    let mut changes = Vec::new();
    while let Some((high, low)) = open.pop() {
        if high.1 == low.1 {
            continue;
        }
        if high.0 - low.0 <= resolution {
            changes.push(f64::midpoint(low.0, high.0));
            continue;
        }
        let middle = f64::midpoint(low.0, high.0);
        let middle = (middle, pattern(middle));
        open.push((high, middle.clone()));
        open.push((middle, low));
    }
    changes
}
