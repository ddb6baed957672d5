// A dialog over the page; Escape, the cross and a click beside it close it.

import { iconButton, make } from "../dom.js";

export function openDialog(title, content, kind = "") {
  const dialog = make("dialog", { class: kind, "aria-labelledby": "dialog-title" });
  const close = () => dialog.close();
  const head = make("header", {}, make("h2", { id: "dialog-title" }, title), iconButton("close", "Close", close));
  dialog.append(head, make("div", { class: "content" }, ...content));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  document.getElementById("app").append(dialog);
  dialog.showModal();
  return close;
}
