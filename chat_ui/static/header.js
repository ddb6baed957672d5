// The bar above the chat: sidebar, title, whether a model is ready, settings and theme.

import { icon, iconButton, make } from "./dom.js";
import { PHONE, toggle } from "./page.js";
import { applyTheme, isDark, toggleTheme } from "./theme.js";

const POLL_WAITING_MS = 2000;
const POLL_READY_MS = 30000;

export function mount({ element }) {
  const menu = iconButton("menu", "Chats", () => toggle("side"), { id: "menu-button", "aria-controls": "side" });
  const theme = iconButton("moon", "Dark mode", switchTheme, { id: "theme-button" });
  const settings = iconButton("sliders", "Chat settings", () => toggle("drawer"), { id: "settings-button", "aria-controls": "drawer" });
  const state = make("span", { id: "model-state", role: "status" });
  const brand = make("span", { class: "brand" }, "Attune");
  element.replaceChildren(menu, brand, make("h1", { id: "chat-title" }, document.body.dataset.title ?? ""), state, settings, theme);

  function switchTheme() {
    toggleTheme();
    showTheme();
  }

  function showTheme() {
    theme.replaceChildren(icon(isDark() ? "sun" : "moon"));
    theme.setAttribute("aria-pressed", String(isDark()));
  }

  function showDrawers() {
    menu.setAttribute("aria-expanded", String(document.body.dataset.side === "open"));
    settings.setAttribute("aria-expanded", String(document.body.dataset.drawer === "open"));
  }

  document.addEventListener("attune:toggle", showDrawers);
  document.addEventListener("keydown", closeOnEscape);
  addBackdrop();
  toggle("side", !PHONE.matches);
  toggle("drawer", false);
  applyTheme();
  showTheme();
  pollModel(state);
  document.addEventListener("attune:model-away", () => pollLater(state, POLL_WAITING_MS));
}

function closeOnEscape(event) {
  if (event.key !== "Escape") return;
  if (document.body.dataset.drawer === "open") toggle("drawer", false);
  else if (PHONE.matches) toggle("side", false);
}

function addBackdrop() {
  const close = () => {
    toggle("side", false);
    toggle("drawer", false);
  };
  document.body.append(make("div", { id: "backdrop", onclick: close }));
}

async function pollModel(state) {
  let ready = false;
  try {
    ready = (await (await fetch("/model-ready")).json()).ready;
    state.textContent = ready ? "Ready" : "Model is starting";
    if (ready) document.dispatchEvent(new CustomEvent("attune:model-ready"));
  } catch {
    state.textContent = "Offline";
  }
  state.dataset.ready = String(ready);
  pollLater(state, ready ? POLL_READY_MS : POLL_WAITING_MS);
}

let nextPoll = null;

function pollLater(state, afterMs) {
  clearTimeout(nextPoll);
  nextPoll = setTimeout(() => pollModel(state), afterMs);
}
