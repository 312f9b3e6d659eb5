//! Made-up layers for tests.

use artifact::LayerOutline;

/// A layer without branches.
pub fn layer(
    name: &str,
    input: &[u64],
    output: &[u64],
    parameters: u64,
    flops: u64,
) -> LayerOutline {
    LayerOutline {
        layer: name.to_owned(),
        input: input.to_vec(),
        output: output.to_vec(),
        parameters,
        flops,
        branches: Vec::new(),
    }
}

/// A convolution of 3 × 3 that keeps height and width.
pub fn conv([height, width, channels]: [u64; 3], filters: u64) -> LayerOutline {
    let parameters = (9 * channels + 1) * filters;
    let flops = height * width * filters * (18 * channels + 1);
    layer("conv 3 × 3", &[height, width, channels], &[height, width, filters], parameters, flops)
}

/// An activation.
pub fn activation(shape: [u64; 3]) -> LayerOutline {
    layer("relu", &shape, &shape, 0, shape.iter().product())
}

/// A norm with two parameters for each channel.
pub fn norm(shape: [u64; 3]) -> LayerOutline {
    layer("batch norm", &shape, &shape, 2 * shape[2], 4 * shape.iter().product::<u64>())
}

/// A residual sum of `layers` and `shortcut`.
pub fn residual(layers: Vec<LayerOutline>, shortcut: Vec<LayerOutline>) -> LayerOutline {
    let ends = || layers.iter().chain(&shortcut);
    let sum = |of: fn(&LayerOutline) -> u64| ends().map(of).sum::<u64>();
    let (parameters, flops) = (sum(|layer| layer.parameters), sum(|layer| layer.flops));
    let input = ends().next().map(|layer| layer.input.clone()).unwrap_or_default();
    let output = layers.last().or(shortcut.last()).map(|layer| layer.output.clone());
    LayerOutline {
        layer: "residual sum".to_owned(),
        output: output.unwrap_or_default(),
        input,
        parameters,
        flops,
        branches: vec![layers, shortcut],
    }
}

/// A residual network for images of 32 × 32 × 3, of three groups of `blocks` sums each.
pub fn resnet(blocks: usize) -> Vec<LayerOutline> {
    let mut layers = vec![conv([32, 32, 3], 16), norm([32, 32, 16]), activation([32, 32, 16])];
    let mut shape = [32, 32, 16];
    for group in 0..3 {
        for block in 0..blocks {
            let [height, width, channels] = shape;
            let narrows = group > 0 && block == 0;
            let to = if narrows { [height / 2, width / 2, 2 * channels] } else { shape };
            let name = if narrows { "conv 3 × 3, stride 2" } else { "conv 3 × 3" };
            let (count, flops) =
                ((9 * channels + 1) * to[2], 18 * channels * to.iter().product::<u64>());
            let main = vec![
                layer(name, &shape, &to, count, flops),
                norm(to),
                activation(to),
                conv(to, to[2]),
                norm(to),
            ];
            let flops = 2 * channels * to.iter().product::<u64>();
            let shortcut =
                [layer("conv 1 × 1, stride 2", &shape, &to, channels * to[2], flops), norm(to)];
            layers.push(residual(main, if narrows { shortcut.to_vec() } else { Vec::new() }));
            layers.push(activation(to));
            shape = to;
        }
    }
    let channels = shape[2];
    layers.push(layer("global average pool", &shape, &[channels], 0, shape.iter().product()));
    layers.push(layer("dense 10", &[channels], &[10], 10 * channels + 10, 20 * channels + 10));
    layers
}
