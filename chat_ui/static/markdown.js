// The one parser of what people and models write. HTML in a text stays text, images stay links; nothing here is trusted
// to be harmless: sanitise.js decides what of its output may be shown.

import hljs from "./vendor/highlightjs/highlight.min.js";
import MarkdownIt from "./vendor/markdown-it/markdown-it.esm.min.mjs";

const HIGHLIGHTED_MOST = 20_000; // characters of one block; highlighting longer ones would hold the page up
const FORMULA_ENDS = { "$$": "$$", "\\[": "\\]", "\\(": "\\)" };
const BREAK = /<br\s{0,10}\/?>/iy; // models break lines in the cells of a table with it

// With `html`, tags and any link pass: for the tests, which see that the sanitiser alone is enough.
export function createParser({ html = false } = {}) {
  const parser = new MarkdownIt({ html, breaks: true, linkify: true, highlight });
  if (html) parser.validateLink = () => true;
  else parser.disable("image");
  parser.linkify.set({ fuzzyEmail: false });
  parser.block.ruler.before("fence", "formula", formulaBlock, { alt: ["paragraph", "blockquote", "list"] });
  parser.inline.ruler.before("escape", "formula", formulaInline);
  parser.inline.ruler.before("html_inline", "line_break", lineBreak);
  parser.core.ruler.push("tidy", tidy);
  parser.renderer.rules.formula = (tokens, at) => {
    const kind = tokens[at].markup === "\\(" ? "formula" : "formula-display";
    return `<span class="${kind}">${parser.utils.escapeHtml(tokens[at].content)}</span>`;
  };
  return parser;
}

function highlight(code, language) {
  if (code.length > HIGHLIGHTED_MOST || !hljs.getLanguage(language)) return "";
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

// A formula that stands alone on its lines: in it, `- x` is no list and `= y` underlines no heading.
function formulaBlock(state, first, end, silent) {
  const opener = openerAt(state.src, state.bMarks[first] + state.tShift[first]);
  if (!opener || opener === "\\(" || state.sCount[first] - state.blkIndent >= 4) return false;
  const last = lastLine(state, first, end, opener);
  if (last === null || silent) return last !== null;
  const token = state.push("formula", "span", 0);
  token.content = state.getLines(first, last + 1, state.blkIndent, false).trim().slice(2, -2);
  token.markup = opener;
  token.map = [first, last + 1];
  state.line = last + 1;
  return true;
}

// The line that ends with the formula's end; null if something else comes first. Lines that were looked through in vain
// are not looked through again for the same opener, which keeps the scan linear.
function lastLine(state, first, end, opener) {
  const inVain = (state.env.linesInVain ??= {});
  if (first < (inVain[opener] ?? 0)) return null;
  let line = first;
  for (; line < end && !state.isEmpty(line); line += 1) {
    const begin = state.bMarks[line] + state.tShift[line] + (line === first ? 2 : 0);
    const text = state.src.slice(begin, state.eMarks[line]);
    const closed = text.indexOf(FORMULA_ENDS[opener]);
    if (closed < 0) continue;
    if (text.slice(closed + 2).trim() === "") return line;
    break;
  }
  inVain[opener] = line;
  return null;
}

function formulaInline(state, silent) {
  const opener = openerAt(state.src, state.pos);
  if (!opener) return false;
  // Where an end was looked for in vain there is none further on either, which keeps the scan linear.
  state.formulasWithoutEnd ??= new Set();
  if (state.formulasWithoutEnd.has(opener)) return false;
  const end = state.src.indexOf(FORMULA_ENDS[opener], state.pos + 2);
  if (end < 0) {
    state.formulasWithoutEnd.add(opener);
    return false;
  }
  if (!silent) {
    const token = state.push("formula", "span", 0);
    token.content = state.src.slice(state.pos + 2, end);
    token.markup = opener;
  }
  state.pos = end + 2;
  return true;
}

function openerAt(text, at) {
  const two = text.slice(at, at + 2);
  return Object.hasOwn(FORMULA_ENDS, two) ? two : null;
}

function lineBreak(state, silent) {
  BREAK.lastIndex = state.pos;
  const found = BREAK.exec(state.src);
  if (!found) return false;
  if (!silent) state.push("hardbreak", "br", 0);
  state.pos += found[0].length;
  return true;
}

// The parser says how a column is aligned in a style attribute, and no message may bring one. Code ends with its last
// line, not with an empty one.
function tidy(state) {
  for (const token of state.tokens) {
    if (token.type === "fence" || token.type === "code_block") token.content = token.content.replace(/\n$/, "");
    const style = token.type === "th_open" || token.type === "td_open" ? token.attrGet("style") : null;
    if (style) token.attrs = [["class", style.replace("text-align:", "align-")]];
  }
}
