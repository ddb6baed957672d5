// Light or dark: what was chosen here last, else what the system says. Gradio reads the class on <body>.

const STORED = "attune-theme";

export function isDark() {
  const chosen = localStorage.getItem(STORED);
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

export function applyTheme() {
  document.body.classList.toggle("dark", isDark());
}

export function toggleTheme() {
  localStorage.setItem(STORED, isDark() ? "light" : "dark");
  applyTheme();
}

applyTheme();
