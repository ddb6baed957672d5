// Puts controls under the messages of Gradio's Chatbot, and a welcome where there are none.
//
// The Chatbot draws the text. Which message stands in which row is known from the board's value, which the server made
// from the same path; a row is left without controls while the two differ.

import { make } from "./dom.js";
import { PHONE, focusComposer, showTitle, start } from "./page.js";
import { controls } from "./controls.js";

export function mount({ element, props, watch, trigger, constants }) {
  const actions = (event, data) => start(trigger, event, data);

  const decorate = () => {
    const messages = props.value?.messages ?? [];
    const rows = [...document.querySelectorAll("#transcript .message-row")];
    rows.forEach((row, index) => decorateRow(row, messages[index], actions, trigger));
  };

  const redraw = () => {
    const board = props.value;
    if (!board) return;
    document.body.dataset.empty = String(board.messages.length === 0);
    showTitle(board.messages.length ? board.title : "");
    element.replaceChildren(...(board.messages.length ? [] : [welcome(constants.examples, actions)]));
    document.dispatchEvent(new CustomEvent("attune:chat"));
    decorate();
  };

  // The whole column, because the Chatbot itself may come later than this script.
  new MutationObserver(decorate).observe(document.getElementById("main"), { childList: true, subtree: true });
  watch("value", redraw);
  redraw();
}

function decorateRow(row, message, actions, trigger) {
  const role = row.classList.contains("user-row") ? "user" : "assistant";
  const fits = message && message.role === role;
  const signature = fits ? JSON.stringify(message) : "";
  let bar = row.querySelector(":scope > .controls");
  if (bar?.dataset.signature === signature || (!bar && !fits)) return;
  bar?.remove();
  delete row.dataset.editing;
  if (!fits) return delete row.dataset.messageId;
  row.dataset.messageId = message.id;
  bar = controls(row, message, actions, trigger);
  bar.dataset.signature = signature;
  row.append(bar);
}

function welcome(examples, actions) {
  const example = (text) => make("button", { type: "button", class: "example", "data-idle-only": true, onclick: () => ask(text) }, text);
  const ask = (text) => {
    actions("ask", { text });
    focusComposer();
  };
  return make(
    "div",
    { class: "welcome" },
    make("h2", {}, "What shall we talk about?"),
    make("p", {}, "Ask anything. Thumbs up or down teach the model what a good answer is."),
    make("div", { class: "examples" }, ...examples.slice(0, PHONE.matches ? 3 : 4).map(example)),
  );
}
