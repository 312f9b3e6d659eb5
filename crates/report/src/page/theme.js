// The reader's own choice of light or dark, kept for the next report.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch { /* A page in a sandbox has no storage. */ }
