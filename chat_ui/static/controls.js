// The buttons under one message: copy, edit, answer again, turn between siblings, thumbs.

import { copyButton, iconButton, make } from "./dom.js";
import { rating } from "./rating.js";

const IDLE = { "data-idle-only": true };

export function controls(row, message, actions, trigger) {
  const bar = make("div", { class: "controls", role: "group", "aria-label": message.role === "user" ? "Your message" : "Answer" });
  const buttons = make("div", { class: "buttons" });
  bar.append(buttons);
  if (message.count > 1) buttons.append(pager(message, actions));
  buttons.append(copyButton(message.text));
  if (message.role === "user") buttons.append(iconButton("edit", "Edit", () => edit(row, bar, message, actions), IDLE));
  else {
    buttons.append(iconButton("regenerate", "Answer again", () => actions("regenerate", { id: message.id }), IDLE));
    if (message.can_vote) rating(bar, buttons, message, trigger);
    buttons.append(origin(message));
  }
  return bar;
}

function pager(message, actions) {
  const turn = (id) => () => actions("turn", { id });
  return make(
    "span",
    { class: "pager", role: "group", "aria-label": `Version ${message.position} of ${message.count}` },
    iconButton("chevronLeft", "Previous version", turn(message.previous_id), message.previous_id ? IDLE : { disabled: true }),
    make("span", { class: "place" }, `${message.position}/${message.count}`),
    iconButton("chevronRight", "Next version", turn(message.next_id), message.next_id ? IDLE : { disabled: true }),
  );
}

function origin(message) {
  const state = { partial: "stopped", error: "broke off" }[message.status];
  const version = message.version ? `attune@v${message.version}` : "";
  return make("span", { class: "origin" }, [version, state].filter(Boolean).join(" · "));
}

function edit(row, bar, message, actions) {
  const field = make("textarea", { "aria-label": "Edit your message", rows: Math.min(10, message.text.split("\n").length + 1) });
  field.value = message.text;
  const cancel = () => {
    editor.remove();
    delete row.dataset.editing;
    bar.querySelector("button[aria-label=Edit]").focus();
  };
  const save = () => field.value.trim() && actions("reword", { id: message.id, text: field.value });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  const editor = make(
    "div",
    { class: "editor" },
    field,
    make("div", { class: "row" }, make("button", { type: "button", class: "text-button", onclick: cancel }, "Cancel"),
      make("button", { type: "button", class: "primary-button", ...IDLE, onclick: save }, "Send")),
  );
  row.dataset.editing = "true";
  bar.prepend(editor);
  field.focus();
}
