// Every change of what should be live: who, what, why and when.

import { make } from "../dom.js";
import { moment } from "./format.js";
import { badge, disclosure, note } from "./parts.js";
import { json } from "./runs.js";

const KINDS = { promote: "good", roll_back: "bad", canary: "canary" };
const words = (action) => action.replaceAll("_", " ");

export function list({ deployment }) {
  if (deployment.changes.length === 0) return [note("Nothing was changed yet.")];
  const items = deployment.changes.map((entry) =>
    make(
      "li",
      {},
      make("p", {}, badge(words(entry.action), KINDS[entry.action]), " ", make("b", {}, entry.subject), make("span", { class: "soft" }, ` ${moment(entry.created_at)} · ${entry.actor}`)),
      make("p", {}, entry.reason),
      entry.detail && disclosure(`decision-${entry.created_at}`, entry.detail.evidence ? "Evidence" : "Before and after", json(entry.detail.evidence ?? entry.detail)),
    ),
  );
  return [make("ul", { class: "decisions" }, ...items)];
}
