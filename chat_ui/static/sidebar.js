// The list of earlier chats: open, rename, delete, and show older ones.

import { draw, icon, iconButton, make } from "./dom.js";
import { PHONE, focusComposer, isBusy, start, toggle } from "./page.js";

const DAY_MS = 24 * 3600 * 1000;

export function mount(island) {
  const { element, trigger } = island;
  const newChat = make("button", { type: "button", id: "new-chat", "data-idle-only": true, onclick: () => open(null) }, icon("plus"), "New chat");
  document.getElementById("side").prepend(make("div", { id: "side-head" }, make("span", { class: "brand" }, "Attune"), newChat));

  function open(id) {
    if (isBusy()) return;
    start(trigger, "open_chat", { id });
    if (PHONE.matches) toggle("side", false);
    focusComposer();
  }

  draw(island, (value) => {
    const items = value?.items ?? [];
    if (!items.length) return [make("p", { class: "empty" }, value?.query ? "No chat contains this." : "Your chats will stand here.")];
    const list = make("ul", { "aria-label": "Chats" }, ...withDays(items, (item) => chat(item, open, trigger)));
    const more = () => trigger("more_chats", { count: items.length + 50 });
    return value.has_more ? [list, make("button", { type: "button", class: "text-button", onclick: more }, "Show older chats")] : [list];
  });

  markCurrent(element);
  window.addEventListener("popstate", () => start(trigger, "open_chat", { id: currentId() }));
}

function currentId() {
  return new URL(window.location).searchParams.get("c");
}

// The chat on screen is known from the address, which changes without the list being drawn anew.
function markCurrent(element) {
  const mark = () => {
    for (const row of element.querySelectorAll("li[data-id]")) {
      row.querySelector(".chat-link")?.toggleAttribute("aria-current", row.dataset.id === currentId());
    }
  };
  new MutationObserver(mark).observe(element, { childList: true, subtree: true });
  document.addEventListener("attune:chat", mark);
  mark();
}

function withDays(items, render) {
  let last = null;
  return items.flatMap((item) => {
    const day = dayOf(new Date(item.updated_at));
    const heading = day === last ? [] : [make("li", { class: "day", role: "presentation" }, day)];
    last = day;
    return [...heading, render(item)];
  });
}

function dayOf(date) {
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  if (date >= midnight) return "Today";
  if (date >= midnight - DAY_MS) return "Yesterday";
  if (date >= midnight - 7 * DAY_MS) return "Last 7 days";
  return date.toLocaleDateString(undefined, { month: "long", year: "numeric" });
}

function chat(item, open, trigger) {
  const row = make("li", { "data-id": item.id });
  const show = () => row.replaceChildren(
    make("button", { type: "button", class: "chat-link", "data-idle-only": true, title: item.title, onclick: () => open(item.id) }, item.title),
    iconButton("edit", `Rename ${item.title}`, () => rename(row, item, show, trigger), { class: "tool rename" }),
    iconButton("trash", `Delete ${item.title}`, () => confirmDelete(row, item, show, trigger), { class: "tool delete" }),
  );
  show();
  return row;
}

function rename(row, item, show, trigger) {
  const field = make("input", { type: "text", value: item.title, "aria-label": "New title", maxlength: 200 });
  const save = () => {
    const title = field.value.trim();
    if (title && title !== item.title) trigger("rename_chat", { id: item.id, title });
    show();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") save();
    if (event.key === "Escape") show();
  });
  row.replaceChildren(field, iconButton("check", "Save title", save), iconButton("close", "Cancel", show));
  field.select();
}

function confirmDelete(row, item, show, trigger) {
  const yes = make("button", { type: "button", class: "text-button danger", onclick: () => trigger("delete_chat", { id: item.id }) }, "Delete");
  const no = make("button", { type: "button", class: "text-button", onclick: show }, "Keep");
  row.replaceChildren(make("span", { class: "question" }, "Delete this chat?"), yes, no);
  no.focus();
}
