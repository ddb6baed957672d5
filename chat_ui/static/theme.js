// Light or dark: what was chosen here last, else what the system says. Gradio reads the class on <body>.

const STORED = "attune-theme";

let chosen = stored();

export function isDark() {
  return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
}

export function applyTheme() {
  document.body.classList.toggle("dark", isDark());
}

export function toggleTheme() {
  chosen = isDark() ? "light" : "dark";
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // the ops page has no storage: the choice holds until it is closed
  }
  applyTheme();
}

function stored() {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

applyTheme();
