use infinite::{gram::Kernel, limit::Limit, samples::Samples};
use network::{Architecture, Program, Shape};
#[test]
fn speed() {
    let conv = r#"{"conv":{"channels":1,"kernel":3}},"relu","#;
    let cases = [
        ("fc 1024", r#"{"hidden":[1,1,1],"activation":"relu","init":{"ntk":{"weight_std":1.4,"bias_std":0.1}}}"#.to_owned(), [28,28,1], 1024),
        ("fc 4000", r#"{"hidden":[1,1,1],"activation":"relu","init":{"ntk":{"weight_std":1.4,"bias_std":0.1}}}"#.to_owned(), [28,28,1], 4000),
        ("flatten 14 256", format!(r#"{{"layers":[{}"flatten",{{"dense":1}}],"init":{{"ntk":{{"weight_std":1.4,"bias_std":0.1}}}}}}"#, conv.repeat(4)), [14,14,1], 256),
        ("gap 8 256", format!(r#"{{"layers":[{}"global_average_pool",{{"dense":1}}],"init":{{"ntk":{{"weight_std":1.4,"bias_std":0.1}}}}}}"#, conv.repeat(4)), [8,8,3], 256),
        ("gap 14 64", format!(r#"{{"layers":[{}"global_average_pool",{{"dense":1}}],"init":{{"ntk":{{"weight_std":1.4,"bias_std":0.1}}}}}}"#, conv.repeat(4)), [14,14,1], 64),
        ("gap 16 64", format!(r#"{{"layers":[{}"global_average_pool",{{"dense":1}}],"init":{{"ntk":{{"weight_std":1.4,"bias_std":0.1}}}}}}"#, conv.repeat(4)), [16,16,3], 64),
    ];
    for (name, net, shape, n) in cases {
        let a: Architecture = serde_json::from_str(&net).unwrap();
        let shape: [usize; 3] = shape;
        let p = Program::new(&a, Shape::Image(shape), 1).unwrap();
        let l = Limit::<f32>::new(&a, &p);
        let d: usize = shape.iter().product();
        let mut s = 1_u64;
        let x: Vec<f32> = (0..n * d).map(|_| { s = s.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407); (s >> 40) as f32 / (1u64<<23) as f32 - 1.0 }).collect();
        for _ in 0..2 {
            let t = std::time::Instant::now();
            let samples = Samples::new(&l, &x);
            let t1 = t.elapsed();
            let k = Kernel::ntk(&l).symmetric(&samples);
            let both = t.elapsed();
            println!("{name}: samples {t1:?} all {both:?} {}", k.width());
        }
    }
}
