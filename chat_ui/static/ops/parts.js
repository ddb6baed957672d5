// What the sections are made of: tables, badges, buttons, and parts that open.

import { make } from "../dom.js";

export const note = (...children) => make("p", { class: "note" }, ...children);
export const badge = (text, kind = "plain") => make("span", { class: `badge ${kind}` }, text);

export function button(label, onclick, kind = "") {
  return make("button", { type: "button", class: `button ${kind}`, onclick }, label);
}

// Columns are names; one that begins with "#" holds numbers. The roles stay when a style sheet lays it out otherwise.
export function table(caption, columns, rows, kind = "") {
  const names = columns.map((name) => name.replace("#", ""));
  const kinds = columns.map((name) => name.startsWith("#") && "number");
  const heads = names.map((name, place) => make("th", { scope: "col", role: "columnheader", class: kinds[place] }, name));
  const cellOf = (cell, place) => {
    const attributes = { class: kinds[place], "data-column": names[place] };
    return place ? make("td", { ...attributes, role: "cell" }, cell || "–") : make("th", { ...attributes, scope: "row", role: "rowheader" }, cell || "–");
  };
  const lines = rows.map((cells) => make("tr", { role: "row" }, ...cells.map(cellOf)));
  const body = make("table", { role: "table", class: kind }, make("caption", {}, caption), make("thead", {}, make("tr", { role: "row" }, ...heads)), make("tbody", {}, ...lines));
  return make("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": caption }, body);
}

// A table whose rows become cards on a phone.
export const stacked = (caption, columns, rows) => table(caption, columns, rows, "stacked");

const opened = new Set();

// Stays open when its section is drawn again.
export function disclosure(key, label, ...content) {
  const ontoggle = (event) => (event.target.open ? opened.add(key) : opened.delete(key));
  return make("details", { open: opened.has(key), ontoggle }, make("summary", {}, label), ...content);
}
