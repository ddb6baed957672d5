// Constant text of the page.

import { make } from "./dom.js";

export function mount({ element, constants }) {
  element.replaceChildren(...constants.parts.map(([tag, text]) => make(tag, {}, text)));
}
