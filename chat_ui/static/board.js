// The conversation: its messages with their controls, and a welcome where there are none.

import { make } from "./dom.js";
import { controls } from "./controls.js";
import { drawText } from "./message.js";
import { PHONE, focusComposer, showTitle, start } from "./page.js";
import { follow, showEnd } from "./transcript.js";

export function mount({ element, props, watch, trigger, constants }) {
  const actions = (event, data) => start(trigger, event, data);
  element.setAttribute("role", "log");
  element.setAttribute("aria-label", "Conversation");
  let drawn = new Map(); // the rows on screen, by the messages' ids
  let shown = null;

  const redraw = () => {
    const board = props.value;
    if (!board) return;
    document.body.dataset.empty = String(board.messages.length === 0);
    showTitle(board.messages.length ? board.title : "");
    drawn = new Map(board.messages.map((message) => [message.id, drawMessage(drawn.get(message.id), message, actions, trigger)]));
    const rows = [...drawn.values()].map((known) => known.row);
    place(element, rows.length ? rows : [welcome(constants.examples, actions)]);
    if (shown === placeOf(board)) follow();
    else showEnd();
    shown = placeOf(board);
    document.dispatchEvent(new CustomEvent("attune:chat"));
  };

  watch("value", redraw);
  redraw();
}

// Another chat, or another question of one's own: its end is what somebody wants to see.
function placeOf(board) {
  return `${board.conversation_id} ${board.messages.findLast((message) => message.role === "user")?.id}`;
}

// What stands there already is left as it is: nothing moves under somebody's hand, and nothing is rendered twice.
function drawMessage(known, message, actions, trigger) {
  const drawn = known?.text === message.text ? known : { text: message.text, row: newRow(message) };
  const signature = JSON.stringify({ ...message, text: null });
  if (drawn.signature !== signature) {
    drawn.row.querySelector(":scope > .controls")?.remove();
    delete drawn.row.dataset.editing;
    drawn.row.append(controls(drawn.row, message, actions, trigger));
    drawn.signature = signature;
  }
  return drawn;
}

function newRow(message) {
  const text = make("div", { class: "prose" });
  drawText(text, message.text);
  const kind = message.role === "user" ? "user-row" : "bot-row";
  return make("div", { class: `message-row ${kind}`, "data-message-id": message.id }, make("div", { class: "message" }, text));
}

function place(element, rows) {
  rows.forEach((row, at) => {
    if (element.children[at] !== row) element.insertBefore(row, element.children[at] ?? null);
  });
  while (element.children.length > rows.length) element.lastElementChild.remove();
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
