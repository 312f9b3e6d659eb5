//! The program behind `ntk-lab plot`: `ntk-plot FOLDER FIGURES.json OUT`, where OUT is an SVG file for one
//! figure, a folder for several.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use study::Figure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, figures, out] = &arguments[..] else {
        return Err("usage: ntk-plot FOLDER FIGURES.json OUT".to_owned());
    };
    let text = fs::read_to_string(figures).map_err(|error| format!("{figures}: {error}"))?;
    let figures: Vec<Figure> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let out = Path::new(out);
    let write = |path: &Path, document: String| {
        fs::write(path, document)
            .map_err(|error| format!("writing {} failed: {error}", path.display()))
    };
    for figure in &figures {
        let document =
            report::plot(Path::new(folder), figure).map_err(|error| error.to_string())?;
        if figures.len() == 1 {
            write(out, document)?;
        } else {
            fs::create_dir_all(out)
                .map_err(|error| format!("creating {} failed: {error}", out.display()))?;
            write(&out.join(format!("{}.svg", figure.name)), document)?;
        }
    }
    Ok(())
}
