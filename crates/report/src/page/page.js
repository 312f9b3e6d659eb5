// Builds plots when they come into sight, and moves pictures and marks with the slider.
"use strict";
(() => {
  const form = document.getElementById("slider");
  const steps = form ? JSON.parse(form.dataset.steps) : [];
  const input = document.getElementById("step");
  const shown = document.getElementById("at");
  let now = steps.length ? steps[steps.length - 1] : null;
  const grouped = (step) => step.toString().replace(/\B(?=(\d{3})+$)/g, ",");

  // Position of the last of the rising steps `at` that is not after the slider.
  const frame = (at) => Math.max(0, at.findLastIndex((step) => step <= now));

  // Blue below the middle, vermillion above, as in the pictures that stand still.
  const palettes = { grey: new Uint8Array(768), diverging: new Uint8Array(768) };
  for (let value = 0; value < 256; value += 1) {
    const share = Math.max(-1, (value - 128) / 127);
    const end = share < 0 ? [0, 90, 160] : [190, 70, 0];
    for (let channel = 0; channel < 3; channel += 1) {
      palettes.grey[3 * value + channel] = value;
      palettes.diverging[3 * value + channel] = 255 + (end[channel] - 255) * Math.abs(share);
    }
  }

  const films = [...document.querySelectorAll(".films")].map((row) => {
    const data = JSON.parse(row.querySelector("script").textContent);
    const canvases = [...row.querySelectorAll("canvas")];
    const drawn = data.films.map((film, i) => ({ ...film, canvas: canvases[i] }));
    return { row, at: data.at, films: drawn, seen: false, frame: -1 };
  });

  function project(row) {
    const number = frame(row.at);
    if (!row.seen || row.frame === number) return;
    row.frame = number;
    row.row.querySelector(".now").textContent = grouped(row.at[number]);
    for (const film of row.films) {
      film.pixels ??= Uint8Array.from(atob(film.bytes), (c) => c.charCodeAt(0));
      const { canvas } = film;
      const image = new ImageData(canvas.width, canvas.height);
      palettes[film.shades] ??= Uint8Array.from(atob(film.palette), (c) => c.charCodeAt(0));
      const palette = palettes[film.shades];
      const size = canvas.width * canvas.height;
      for (let i = 0; i < size; i += 1) {
        const at = 3 * film.pixels[number * size + i];
        image.data[4 * i] = palette[at];
        image.data[4 * i + 1] = palette[at + 1];
        image.data[4 * i + 2] = palette[at + 2];
        image.data[4 * i + 3] = 255;
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      canvas.setAttribute("aria-label", `step ${row.at[number]}: ${film.labels[number]}`);
      canvas.nextElementSibling.textContent = film.labels[number];
    }
  }

  const plots = [...document.querySelectorAll(".plot")].map((element) => (
    { element, data: element.nextElementSibling.textContent, seen: false, state: "waiting", step: null }
  ));

  function build(plot) {
    if (plot.state !== "waiting") return;
    plot.state = "building";
    const figure = JSON.parse(plot.data);
    plot.films = figure.films;
    plot.axes = figure.steps;
    plot.data = null;
    figure.layout.shapes = [...(figure.layout.shapes ?? []), ...marks(plot)];
    Plotly.newPlot(plot.element, figure.data, figure.layout, figure.config).then(() => {
      plot.state = "drawn";
      plot.element.dataset.drawn = "true";
      mark(plot);
    });
  }

  // A line at the slider's step on every axis of steps.
  function marks(plot) {
    if (now === null) return [];
    return plot.axes.map((axis) => ({
      type: "line", xref: axis, yref: `${axis.replace("x", "y")} domain`,
      x0: now, x1: now, y0: 0, y1: 1, layer: "below", line: { width: 1.5, color: "#808080" },
    }));
  }

  function mark(plot) {
    if (plot.state !== "drawn" || !plot.seen || plot.step === now) return;
    plot.step = now;
    if (plot.axes.length) Plotly.relayout(plot.element, { shapes: marks(plot) });
    for (const film of plot.films) {
      const number = frame(film.at);
      const x = film.x[Math.min(number, film.x.length - 1)];
      Plotly.restyle(plot.element, { x: [x], y: [film.y[number]] }, [film.trace]);
    }
  }

  function update() {
    if (input) {
      now = steps[Number(input.value)];
      shown.textContent = grouped(now);
      input.setAttribute("aria-valuetext", `step ${grouped(now)}`);
    }
    films.forEach(project);
    plots.forEach(mark);
  }

  const see = (thing) => {
    thing.seen = true;
    if (thing.element) { build(thing); mark(thing); } else project(thing);
  };
  const watched = new Map([
    ...plots.map((plot) => [plot.element, plot]), ...films.map((row) => [row.row, row]),
  ]);
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const thing = watched.get(entry.target);
      if (entry.isIntersecting) see(thing); else thing.seen = false;
    }
  }, { rootMargin: "300px" });
  watched.forEach((_, element) => observer.observe(element));
  // Paper has everything in sight that is not another variant's, and its findings open.
  addEventListener("beforeprint", () => {
    watched.forEach((thing, element) => { if (!element.closest("[hidden]")) see(thing); });
    document.querySelectorAll(".finding").forEach((finding) => { finding.open = true; });
  });

  if (input) {
    input.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    const play = document.getElementById("play");
    let timer = null;
    const stop = () => { clearInterval(timer); timer = null; play.textContent = "▶"; };
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      if (Number(input.value) === steps.length - 1) input.value = 0;
      play.textContent = "❚❚";
      update();
      timer = setInterval(() => {
        input.value = Number(input.value) + 1;
        update();
        if (Number(input.value) === steps.length - 1) stop();
      }, 400);
    });
  }

  // One variant in detail, which the reader selects.
  const chosen = document.getElementById("variant");
  if (chosen) {
    const sections = [...document.querySelectorAll("section.detail")];
    chosen.addEventListener("change", () => {
      sections.forEach((section, place) => { section.hidden = place !== Number(chosen.value); });
    });
  }

  // A link to a finding opens it.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.tagName === "DETAILS") target.open = true;
    target?.closest("details")?.setAttribute("open", "");
  };
  addEventListener("hashchange", open);
  open();

  // Data lies beside the page; opened in its place, the page can say where that is.
  const place = decodeURI(location.pathname).match(/\/(data\/runs\/[^/]+\/)[^/]*$/);
  if (place) {
    document.querySelectorAll(".data").forEach((name) => { name.prepend(place[1]); });
  }

  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = getComputedStyle(root).getPropertyValue("--dark").trim() === "1";
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* not kept */ }
  });
})();
