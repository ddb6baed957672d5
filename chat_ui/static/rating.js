// Thumbs, and the panel behind them: reasons, a comment, and the answer that should have been given.

import { iconButton, make } from "./dom.js";

const REASONS = {
  1: ["correct", "helpful", "well written", "right length", "friendly"],
  "-1": ["not correct", "not helpful", "ignored instructions", "too long", "too short", "rude", "unsafe"],
};

export function rating(bar, buttons, message, trigger) {
  const vote = message.vote ?? { value: 0 };
  const send = (changed) => trigger("rate", { id: message.id, vote: changed });
  const thumb = (name, label, value) => {
    const press = () => {
      openPanels.delete(message.id);
      if (vote.value !== value) openPanels.add(message.id);
      send({ value: vote.value === value ? 0 : value });
    };
    return iconButton(name, label, press, { class: `tool ${name}`, "aria-pressed": String(vote.value === value) });
  };
  buttons.append(thumb("thumbUp", "Good answer", 1), thumb("thumbDown", "Bad answer", -1));
  if (!vote.value) return;
  const details = make("button", { type: "button", class: "text-button details", "aria-expanded": "false", onclick: () => togglePanel() }, summary(vote));
  buttons.append(details);
  const form = panel(message, vote, send, () => togglePanel(false));
  const togglePanel = (open = form.hidden) => {
    form.hidden = !open;
    details.setAttribute("aria-expanded", String(open));
  };
  bar.append(form);
  togglePanel(openPanels.has(message.id));
}

// Which panels are open outlives the drawing of the controls: a thumb draws them anew.
const openPanels = new Set();

function summary(vote) {
  const said = [...(vote.reasons ?? []), vote.comment && "comment", vote.correction && "correction"].filter(Boolean);
  return said.length ? said.join(", ") : "Say why";
}

function panel(message, vote, send, close) {
  const chosen = new Set(vote.reasons ?? []);
  const comment = make("textarea", { rows: 2, placeholder: "Anything else? (optional)", "aria-label": "Comment" });
  comment.value = vote.comment ?? "";
  const correction = make("textarea", { rows: 3, placeholder: vote.value > 0 ? "A still better answer (optional)" : "What would have been a good answer? (optional)", "aria-label": "Corrected answer" });
  correction.value = vote.correction ?? "";
  const submit = () => {
    openPanels.delete(message.id);
    send({ value: vote.value, reasons: [...chosen], comment: comment.value.trim() || null, correction: correction.value.trim() || null });
    close();
  };
  const cancel = () => {
    openPanels.delete(message.id);
    close();
  };
  return make(
    "div",
    { class: "panel", role: "form", "aria-label": "Feedback on this answer", hidden: true, onkeydown: (event) => event.key === "Escape" && cancel() },
    make("p", {}, vote.value > 0 ? "What was good?" : "What was wrong?"),
    make("div", { class: "chips" }, ...REASONS[vote.value].map((reason) => chip(reason, chosen))),
    comment,
    correction,
    make("div", { class: "row" }, make("button", { type: "button", class: "text-button", onclick: cancel }, "Close"),
      make("button", { type: "button", class: "primary-button", onclick: submit }, "Send feedback")),
  );
}

function chip(reason, chosen) {
  const button = make("button", { type: "button", class: "chip", "aria-pressed": String(chosen.has(reason)), onclick: press }, reason);
  function press() {
    if (!chosen.delete(reason)) chosen.add(reason);
    button.setAttribute("aria-pressed", String(chosen.has(reason)));
  }
  return button;
}
