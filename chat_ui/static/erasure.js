// Erasing all that is stored of the person who chats: asked twice.

import { make } from "./dom.js";

export function mount({ element, trigger }) {
  const section = make("section", { "aria-labelledby": "erasure-title" });
  const button = (label, kind, onclick) => make("button", { type: "button", class: `text-button ${kind}`, "data-idle-only": true, onclick }, label);

  function offer() {
    section.replaceChildren(
      make("h2", { id: "erasure-title" }, "Your data"),
      make("p", {}, "All your chats and votes can be erased at once."),
      button("Erase everything…", "danger", ask),
    );
  }

  function ask() {
    const keep = button("Keep it", "", offer);
    const erase = () => {
      trigger("erase_everything", {});
      offer();
    };
    section.replaceChildren(
      make("h2", { id: "erasure-title" }, "Erase all your chats and votes?"),
      make("p", {}, "There is no way back."),
      button("Erase everything", "danger", erase),
      keep,
    );
    keep.focus();
  }

  offer();
  element.replaceChildren(section);
}
