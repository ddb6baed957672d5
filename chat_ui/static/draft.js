// The answer that is being written, below the messages that are stored.

import { make } from "./dom.js";
import { drawText } from "./message.js";
import { follow } from "./transcript.js";

const WAITING = "…"; // stands where the first words will be

export function mount({ element, props, watch }) {
  const text = make("div", { class: "prose" });
  const row = make("div", { class: "message-row bot-row" }, make("div", { class: "message" }, text));
  const redraw = () => {
    const draft = props.value?.text ?? null;
    if (draft === null) return element.replaceChildren();
    drawText(text, draft || WAITING);
    if (!row.isConnected) element.replaceChildren(row);
    follow();
  };
  watch("value", redraw);
  redraw();
}
