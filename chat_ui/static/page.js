// What the islands share: whether an answer is being written, and which drawers are open. All of it stands in the
// attributes of <body>, where the style sheets and the tests find it.

export const PHONE = window.matchMedia("(max-width: 860px)");

const body = document.body;

export function isBusy() {
  return body.dataset.busy === "true";
}

export function setBusy(busy) {
  body.dataset.busy = String(busy);
  for (const button of document.querySelectorAll("[data-idle-only]")) button.disabled = busy;
}

// Starts something on the server. The page is busy at once, so that a second click finds no button.
export function start(trigger, event, data) {
  if (isBusy()) return;
  setBusy(true);
  trigger(event, data);
}

export function toggle(name, open = body.dataset[name] !== "open") {
  body.dataset[name] = open ? "open" : "closed";
  document.dispatchEvent(new CustomEvent("attune:toggle"));
}

export function showTitle(title) {
  body.dataset.title = title; // the heading may be made later than this
  const heading = document.getElementById("chat-title");
  if (heading) heading.textContent = title;
  document.title = title ? `${title} · Attune` : "Attune";
}

export function focusComposer() {
  if (!PHONE.matches) document.querySelector("#composer textarea")?.focus();
}
