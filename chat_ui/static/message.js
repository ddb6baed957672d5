// Draws the text of one message: parse, sanitise, then formulas and the buttons of code.

import { createParser } from "./markdown.js";
import { sanitise, sanitiseFormula } from "./sanitise.js";
import { copyButton, make } from "./dom.js";
import "./vendor/katex/katex.min.js";

const FORMATTED_MOST = 100_000; // characters; longer texts are shown as they were written
const FORMULA_MOST = 4_000;
const FORMULAS_MOST = 500;
const KATEX = { output: "html", throwOnError: false, trust: false, strict: "ignore", maxExpand: 200, maxSize: 20 };

const PARSER = createParser();

// Fills an element with a message. The text is inert until it is sanitised: nothing is parsed within the page itself.
export function drawText(element, text, parser = PARSER) {
  const content = rendered(text, parser);
  if (!content) return element.replaceChildren(make("pre", { class: "as-written" }, text));
  drawFormulas(content);
  element.replaceChildren(content);
  for (const block of element.querySelectorAll("pre")) wrapCode(block);
}

// Elements for a text; null where it is to be shown as it was written.
function rendered(text, parser) {
  if (text.length > FORMATTED_MOST) return null;
  try {
    return sanitise(parser.render(text));
  } catch (error) {
    console.error("A message could not be formatted.", error);
    return null; // one message must not take the others with it
  }
}

function drawFormulas(content) {
  const formulas = [...content.querySelectorAll(".formula, .formula-display")].slice(0, FORMULAS_MOST);
  for (const place of formulas) {
    const source = place.textContent;
    if (source.length > FORMULA_MOST) continue;
    const drawn = make("span");
    try {
      globalThis.katex.render(source, drawn, { ...KATEX, displayMode: place.classList.contains("formula-display") });
    } catch {
      continue; // the source stays
    }
    place.replaceChildren(...sanitiseFormula(drawn).childNodes);
    place.setAttribute("role", "math");
    place.setAttribute("aria-label", source);
  }
}

function wrapCode(block) {
  const wrapped = make("div", { class: "code_wrap" });
  block.replaceWith(wrapped);
  wrapped.append(block, copyButton(block.textContent, "Copy code"));
  dropLastNewline(block);
}

// Markdown ends the last line of a block of code too, which would be drawn as one more, empty line.
function dropLastNewline(block) {
  let last = block;
  while (last.lastChild) last = last.lastChild;
  if (last.nodeType === Node.TEXT_NODE) last.data = last.data.replace(/\n$/, "");
}
