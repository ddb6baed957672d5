// Decides what of a rendered message may stand in the page: elements and attributes that are named here, nothing else.
//
// It reads the elements that a browser made of the markup, in a document that loads nothing and runs nothing, and not the
// markup: so it does not matter who parsed the markdown, or whether two parsers agree about it.

import DOMPurify from "./vendor/dompurify/purify.es.mjs";

const PROSE = {
  ALLOWED_TAGS: [
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["class", "href", "start", "title"],
};
const FORMULA = {
  ALLOWED_TAGS: ["span", "svg", "path", "line"],
  ALLOWED_ATTR: [
    "class", "d", "height", "preserveAspectRatio", "style", "stroke-width", "viewBox", "width", "x1", "x2", "xmlns", "y1", "y2",
  ],
};
// Text nodes of removed elements stay, comments and everything named otherwise go.
const ALWAYS = { ALLOW_ARIA_ATTR: false, ALLOW_DATA_ATTR: false, ALLOW_UNKNOWN_PROTOCOLS: false, SANITIZE_DOM: true };

const PROTOCOLS = ["http:", "https:", "mailto:"];
const CODE_CLASS = "hljs-[a-z_-]+|(?:class|constant|escape|function|inherited|invoke|language|prompt)_{1,2}";
const CLASS = new RegExp(`^(?:formula|formula-display|align-(?:left|center|right)|${CODE_CLASS})$`);
const FORMULA_CLASS = /^[A-Za-z][A-Za-z0-9-]{0,39}$/;
const FORMULA_STYLES = new Set([
  "background-color", "border-bottom-width", "border-color", "border-right-style", "border-right-width", "border-style",
  "border-top-width", "border-width", "color", "height", "left", "margin-left", "margin-right", "margin-top", "min-width",
  "padding-left", "position", "top", "vertical-align", "width",
]);

const prose = DOMPurify(window);
prose.addHook("uponSanitizeAttribute", (element, attribute) => {
  if (attribute.attrName === "class") {
    attribute.attrValue = attribute.attrValue.split(/\s+/).filter((name) => CLASS.test(name)).join(" ");
    attribute.keepAttr = attribute.attrValue !== "";
  }
  if (attribute.attrName === "start") attribute.keepAttr = element.localName === "ol" && /^\d{1,9}$/.test(attribute.attrValue);
  if (attribute.attrName === "title") attribute.keepAttr = element.localName === "a";
  if (attribute.attrName === "href") attribute.keepAttr = element.localName === "a" && isAllowedAddress(attribute.attrValue);
});
prose.addHook("afterSanitizeAttributes", (element) => {
  if (element.localName !== "a") return;
  if (!element.hasAttribute("href")) return element.removeAttribute("title");
  element.setAttribute("target", "_blank");
  element.setAttribute("rel", "noopener noreferrer");
});

const formula = DOMPurify(window);
formula.addHook("uponSanitizeAttribute", (element, attribute) => {
  if (attribute.attrName === "class") {
    attribute.keepAttr = attribute.attrValue.split(/\s+/).every((name) => name === "" || FORMULA_CLASS.test(name));
  }
  if (attribute.attrName === "style") attribute.keepAttr = hasAllowedStyle(element.style);
});

// Elements for a piece of markup, not yet in the page; null where nothing is left of it.
export function sanitise(markup) {
  return prose.sanitize(markup, { ...PROSE, ...ALWAYS, RETURN_DOM_FRAGMENT: true });
}

// The same for what KaTeX drew, which needs lengths in style attributes, and small drawings for roots and braces.
export function sanitiseFormula(element) {
  return formula.sanitize(element, { ...FORMULA, ...ALWAYS, IN_PLACE: true });
}

// Read as the browser will read it: it skips white space and control characters in an address, wherever they stand. An
// address without a protocol would lead into this site, and is none.
function isAllowedAddress(address) {
  try {
    return PROTOCOLS.includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

function hasAllowedStyle(style) {
  if (style.position && style.position !== "relative") return false;
  return [...style].every((name) => FORMULA_STYLES.has(name) && !/url|var|expression/i.test(style.getPropertyValue(name)));
}
