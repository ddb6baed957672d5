// What is live, what is tried and how that goes, and the changes of it that the command line offers too.

import { make } from "../dom.js";
import { plot, seriesOf, svg } from "./charts.js";
import { count, percent, points, span, thumbsUp, version } from "./format.js";
import { badge, button, disclosure, note, table } from "./parts.js";
import { ask } from "./change.js";

const TRIED = ["passed", "retired"];
const SAID = {
  continue: ["goes on", "plain"],
  promote: ["good enough", "good"],
  roll_back: ["worse", "bad"],
  look_yourself: ["undecided, look yourself", "canary"],
  undecided: ["undecided", "plain"],
};
const GUARDS = {
  error: "errors",
  slow_first_token: "slow first tokens",
  slow_token: "slow tokens",
  long_answer: "long answers",
  short_answer: "short answers",
  refusal: "refusals",
};
const EVENTS = { thumbs_up: "thumbs up", thumbs_up_soon: "thumbs up, soon", rated_less: "rated, live thinned", rated_more: "rated, canary thinned" };

export function live({ deployment, versions, votes, runs, reload }) {
  const { live, canary, canary_share: share } = deployment;
  if (live === null) return [note("Nothing is live yet: the controller has not registered a model.")];
  const ready = (number) => versions.find((row) => row.number === number)?.loaded;
  const rows = [[live, 1 - share, "live"], ...(canary === null ? [] : [[canary, share, "canary"]])];
  const split = make("div", { class: "split", role: "img", "aria-label": rows.map(([number, part]) => `${version(number)} ${percent(part)}`).join(", ") });
  split.append(...rows.map(([number, part]) => {
    const piece = make("span", { class: seriesOf(number) });
    piece.style.flexGrow = part;
    return piece;
  }));
  const list = rows.map(([number, part, role]) =>
    make(
      "div",
      { class: `standing ${seriesOf(number)}` },
      make("span", { class: "role" }, role),
      make("b", {}, version(number)),
      make("span", { class: "share" }, percent(part, part < 0.1 ? 1 : 0)),
      badge(ready(number) ? "engine ready" : "no engine ready", ready(number) ? "good" : "bad"),
      note(liked(votes, number)),
    ),
  );
  const candidates = versions.filter((row) => TRIED.includes(row.state) && row.erased_at === null);
  const actions = [
    canary === null && candidates.length > 0 && button("Try a canary…", () => ask("canary", candidates.map((row) => row.number), reload)),
    deployment.before_live !== null && button(`Roll back ${version(live)}…`, () => ask("rollback-live", [live], reload), "danger"),
  ];
  const waiting = note(`${count(runs.new_feedback, "vote")} since the last finished run wait for the next.`);
  return [split, ...list, waiting, make("div", { class: "actions" }, ...actions.filter(Boolean))];
}

function liked(votes, number) {
  const whole = votes.versions.find((row) => row.version === number);
  return whole ? `${thumbsUp(whole.thumbs)} up of ${count(whole.thumbs.up + whole.thumbs.down, "thumb")}` : "no thumbs yet";
}

export function trial({ deployment, trial: seen, reload }) {
  const number = deployment.canary;
  if (number === null) return [note("No version is being tried. One that has passed the gate can be: under Versions.")];
  const actions = make(
    "div",
    { class: "actions" },
    button("Promote…", () => ask("promote", [number], reload), "primary"),
    button("Change share…", () => ask("canary", [number], reload, deployment.canary_share)),
    button("Withdraw…", () => ask("withdraw", [number], reload)),
    button("Roll back…", () => ask("rollback", [number], reload), "danger"),
  );
  if (!seen || seen.canary !== number) return [note("There is no evidence yet."), actions];
  const [word, kind] = SAID[seen.outcome];
  const [worse, good, soon, less, more, ...guards] = seen.tests;
  const age = (new Date(seen.looked_at) - new Date(seen.since)) / 1000;
  return [
    make("p", { class: "outcome" }, badge(word, kind), ` ${version(seen.canary)} against ${version(seen.live)} for ${span(age)}. `, seen.reasons.join(" ")),
    difference(seen),
    make(
      "div",
      { class: "tests" },
      evidence(`Thumbs-up became rarer, within ${span(seen.rules.vote_window_s)} → rolled back`, worse, "bad"),
      evidence(`The same within ${span(seen.rules.vote_window_s / 24)} → rolled back`, soon, "bad"),
      evidence(`Not rarer by ${percent(seen.rules.margin)}, and`, good, "good"),
      evidence(`not rated less often by ${percent(seen.rules.rating_tolerance)}, and`, less, "good"),
      evidence(`not rated more often by ${percent(seen.rules.rating_tolerance)} → promoted`, more, "good"),
      evidence("All raters, new ones too: rarer → look yourself", seen.all_raters[0], "bad"),
      evidence("All raters, new ones too: not rarer → look yourself", seen.all_raters[1], "good"),
      ...guards.map((test) => evidence(`More ${GUARDS[test.name] ?? test.name} → rolled back`, test, "bad")),
    ),
    disclosure("trial", "As a table, and the rules", numbers(seen), rules(seen)),
    actions,
  ];
}

// How much of the evidence that decides is there. It can only grow, and may be looked at at any time.
function evidence(label, test, kind) {
  const share = Math.min(1, test.evidence / test.limit);
  const bar = make("span", { class: `amount ${kind}` });
  bar.style.width = `${100 * share}%`;
  return make(
    "div",
    { class: "test" },
    make("span", { class: "what" }, label),
    make("span", { class: "counts" }, `canary ${test.canary.k}/${test.canary.n} · live ${test.live.k}/${test.live.n}`),
    make("span", { class: "track", role: "img", "aria-label": `${percent(share)} of the evidence that decides` }, bar),
    make("span", { class: "number" }, percent(share)),
  );
}

// Bounds on canary - live that hold at every look together, on an axis of percentage points.
function difference({ low, high, rules: { margin } }) {
  const reach = Math.max(0.1, Math.ceil(20 * Math.max(-low, high)) / 20);
  const draw = (width) => {
    const x = (value) => width / 2 + ((width / 2 - 24) * value) / reach;
    const marks = [-reach, -margin, 0, reach].map((value) => [
      svg("line", { class: value === 0 ? "zero" : "grid", x1: x(value), x2: x(value), y1: 2, y2: 30 }),
      svg("text", { class: "tick", x: x(value), y: 46, "text-anchor": "middle" }, points(value)),
    ]);
    return [...marks.flat(), svg("rect", { class: "difference", x: x(low), width: Math.max(3, x(high) - x(low)), y: 9, height: 14, rx: 7 })];
  };
  const label = `Thumbs-up, canary less live: ${points(low)} to ${points(high)} points (95 % at every look)`;
  return make("figure", {}, make("figcaption", {}, label), plot("difference", label, 52, draw));
}

function numbers({ tests, all_raters: ofAll }) {
  const rows = [...tests, ...ofAll].map((test) => [
    ofAll.includes(test) ? "thumbs up, all raters" : (GUARDS[test.name] ?? EVENTS[test.name]),
    test.rejects.replace("canary - live ", ""),
    `e^${test.evidence.toFixed(2)}`,
    `e^${test.limit.toFixed(2)}`,
    `${test.canary.k} of ${test.canary.n}`,
    `${test.live.k} of ${test.live.n}`,
  ]);
  return table("Tests of canary less live", ["event", "rejects", "#evidence", "#decides at", "#canary", "#live"], rows);
}

function rules({ rules: by, largest_share: largest }) {
  return note(
    `Thumbs decide by themselves from ${by.min_established} established raters on: those who are keyed, or were known ${span(by.established_age_s)} before the trial. ` +
      `Promoted by itself only with ${by.min_raters} of them on each version, after ${span(by.min_age_s)}, and while none of them gave more than ${percent(by.max_rater_share)} of a version's thumbs (now ${percent(largest)}). ` +
      `A thumb counts if it comes within ${span(by.vote_window_s)} of its answer, and is looked at when that time is over. ` +
      `Without a decision after ${span(by.horizon_s)} the live version stays. Each rater counts once.`,
  );
}
