// Versions with their verdicts, and where each comes from, down to single votes.

import { make } from "../dom.js";
import { get } from "./api.js";
import { ask } from "./change.js";
import { openDialog } from "./dialog.js";
import { count, estimate, moment, version } from "./format.js";
import { badge, button, note, stacked } from "./parts.js";

const KINDS = { live: "good", canary: "canary", rejected: "bad" };
const MOST_VOTES = 50;

export function list({ versions, deployment, reload }) {
  const rows = [...versions].reverse().map((row) => {
    const free = ["passed", "retired"].includes(row.state) && deployment.canary === null && row.erased_at === null;
    return [
      button(version(row.number), () => show(row), "link"),
      badge(row.state, KINDS[row.state]),
      lastChange(row),
      row.parent === null ? "–" : version(row.parent),
      verdictOf(row),
      moment(row.created_at),
      make("span", { class: "row-actions" }, button("Lineage", () => show(row)), free && button("Try…", () => ask("canary", [row.number], reload))),
    ];
  });
  return [stacked("Model versions, newest first", ["version", "state", "last change", "from", "gate", "made", "more"], rows)];
}

// Why it is in its state: a version whose verdict was overridden can have been rolled back since.
function lastChange({ last_change: last }) {
  return last === null ? "–" : make("span", { title: last.reason }, `${last.what} (${last.actor})`);
}

function verdictOf({ gate_report: report }) {
  if (report === null) return "not judged";
  const criteria = report.verdict?.criteria ?? [];
  const failed = criteria.filter((criterion) => !criterion.passed).map((criterion) => criterion.name);
  return report.passed ? `passed ${count(criteria.length, "criterion").replace("criterions", "criteria")}` : `refused: ${failed.join(", ")}`;
}

async function show(row) {
  const place = make("div", {}, note("Reading…"));
  openDialog(`attune@${version(row.number)}`, [place], "wide");
  try {
    const { data } = await get(`versions/${row.number}/lineage`);
    place.replaceChildren(make("h3", {}, "Where it comes from"), lineage(data), ...verdict(row));
  } catch (error) {
    place.replaceChildren(make("p", { class: "refusal", role: "alert" }, error.message));
  }
}

function lineage(steps) {
  const items = steps.map((step) => {
    const kinds = Object.entries(step.feedback);
    const votes = make("div", {});
    const learned = kinds.map(([kind, number]) => `${number.toLocaleString()} ${kind}`).join(", ");
    const open = button("Show the votes", () => showVotes(step.snapshot, votes), "link");
    return make(
      "li",
      {},
      make("b", {}, step.version.replace("attune@", "")),
      " ",
      badge(step.state, KINDS[step.state]),
      make("p", {}, step.run === null ? `A ${step.form} model: where it began.` : `Made by ${step.algorithm ?? "?"} from ${learned || "a file"}. `, kinds.length > 0 && open),
      step.run && note(make("code", {}, step.run)),
      votes,
    );
  });
  return make("ol", { class: "lineage" }, ...items);
}

async function showVotes(snapshot, place, after = null) {
  try {
    const page = await get(`alignment/snapshots/${snapshot}/feedback?limit=${MOST_VOTES}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`);
    const rows = page.data.map((vote) => [
      moment(vote.created_at),
      vote.kind,
      vote.value > 0 ? "up" : "down",
      vote.reasons.join(", "),
      [vote.comment, vote.correction].filter(Boolean).join(" / "),
      vote.user || "–",
      make("code", {}, vote.completion_id),
    ]);
    const more = page.has_more && button("Older votes", () => showVotes(snapshot, place, page.data.at(-1).id));
    place.replaceChildren(stacked("Votes that the run learned from, newest first", ["given", "kind", "vote", "reasons", "said", "user", "answer"], rows), more || "");
  } catch (error) {
    place.replaceChildren(make("p", { class: "refusal", role: "alert" }, error.message));
  }
}

function verdict({ gate_report: report }) {
  const criteria = report?.verdict?.criteria;
  if (!criteria) return [];
  const rows = criteria.map((line) => [line.name, estimate(line.figure), line.threshold, badge(line.passed ? "passed" : "refused", line.passed ? "good" : "bad"), line.why]);
  return [make("h3", {}, "Verdict of the gate"), stacked("Criteria of the gate", ["criterion", "figure (95 %)", "asked", "", "why"], rows)];
}
