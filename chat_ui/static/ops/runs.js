// Alignment runs: what became of each, its curves, and how good their judges were.

import { make } from "../dom.js";
import { get, pictureUrl } from "./api.js";
import { estimates, Frame, plot, svg, ticksTo } from "./charts.js";
import { openDialog } from "./dialog.js";
import { count, estimate, figure, figures, moment, percent, span, version } from "./format.js";
import { badge, button, disclosure, note, stacked, table } from "./parts.js";

const KINDS = { done: "good", failed: "bad", running: "canary", interrupted: "plain" };
const CURVES = [
  ["score", "Held-out score"],
  ["kl", "KL from the reference, nats per answer"],
  ["length", "Tokens of an answer"],
];
const SERIES = [
  ["accuracy", "accuracy on comparisons", "series-1"],
  ["auroc", "AUROC on thumbs", "series-2"],
  ["longer_wins_accuracy", "longer answer wins (control)", "control"],
];

const shortened = (id) => id.slice(0, 12);

export function list({ runs }) {
  const waiting = note(`${count(runs.new_feedback, "vote")} since the last finished run.`);
  if (runs.data.length === 0) return [note("No run yet. `attune align run` starts one."), waiting];
  const rows = runs.data.map((run) => [
    button(shortened(run.id), () => show(run), "link"),
    badge(run.state, KINDS[run.state]),
    run.algorithm ?? "–",
    `${run.parent === null ? "–" : version(run.parent)} → ${run.version === null ? "–" : version(run.version)}`,
    estimate(run.reward_model.accuracy ?? run.reward_model.auroc),
    moment(run.created_at),
    run.error ?? (run.finished_at === null ? `in ${run.stage}` : ""),
  ]);
  return [stacked("Alignment runs, newest first", ["run", "state", "by", "made", "judge's accuracy", "begun", "why it ended"], rows), waiting];
}

export function judges({ runs }) {
  const judged = runs.data.filter((run) => SERIES.some(([name]) => usable(run.reward_model[name]))).reverse();
  if (judged.length === 0) return [note("No run has trained a reward model yet.")];
  const draw = (width) => {
    const frame = new Frame(width, 190, judged.map((run) => (run.version === null ? shortened(run.id) : version(run.version))), [0.4, 1], percent);
    const series = SERIES.flatMap(([name, label, className], number) => {
      const points = judged.flatMap((run, place) => {
        const found = run.reward_model[name];
        return usable(found) ? [{ ...found, place, text: `${label}: ${estimate(found)}` }] : [];
      });
      return estimates(frame, points, className, 7 * (number - 1));
    });
    return [...frame.axes([0.4, 0.6, 0.8, 1]), svg("line", { class: "zero", x1: 42, x2: width - 10, y1: frame.y(0.5), y2: frame.y(0.5) }), svg("text", { class: "tick", x: width - 10, y: frame.y(0.5) + 14, "text-anchor": "end" }, "chance"), ...series];
  };
  const rows = judged.map((run) => [shortened(run.id), run.version === null ? "–" : version(run.version), ...SERIES.map(([name]) => estimate(run.reward_model[name]))]);
  const key = make("ul", { class: "legend" }, ...SERIES.map(([, label, className]) => make("li", { class: className }, label)));
  return [key, plot("judges", "Quality of the reward model over the runs, on rows it did not see", 190, draw, table("Reward models", ["run", "version", ...SERIES.map(([, label]) => label)], rows))];
}

const usable = (found) => found && found.value !== null && found.low !== null;

async function show(listed) {
  const place = make("div", {}, note("Reading…"));
  openDialog(`Run ${shortened(listed.id)}`, [place], "wide");
  try {
    const run = await get(`alignment/runs/${listed.id}`);
    place.replaceChildren(...summary(run), ...curves(run), ...pictures(run), ...stages(run), disclosure(`config-${run.id}`, "Configuration", json(run.config)));
  } catch (error) {
    place.replaceChildren(make("p", { class: "refusal", role: "alert" }, error.message));
  }
}

function summary(run) {
  const energy = run.energy_joules === null ? "" : ` It took ${figure(run.energy_joules / 1000)} kJ.`;
  const took = (new Date(run.finished_at ?? run.updated_at) - new Date(run.created_at)) / 1000;
  return [
    make("p", {}, badge(run.state, KINDS[run.state]), ` ${moment(run.created_at)}, ${span(took)} in all, stage ${run.stage}.${energy}`),
    run.metrics.choice?.reason && note(run.metrics.choice.reason),
    run.error && make("p", { class: "refusal" }, run.error),
    note(make("code", {}, run.id)),
  ].filter(Boolean);
}

// What the policy's training looked like at its looks at held-out prompts.
function curves(run) {
  const looks = run.metrics[run.algorithm]?.report?.looks ?? [];
  if (looks.length < 2) return [];
  const drawn = CURVES.map(([name, label]) => {
    const draw = (width) => {
      const values = looks.map((look) => look[name]);
      const low = Math.min(0, ...values);
      const high = Math.max(...values) > 4 ? ticksTo(Math.max(...values)).at(-1) : Math.max(0.1, 1.1 * Math.max(...values));
      const frame = new Frame(width, 160, looks.map((look) => String(look.rollout)), [low, high], (tick) => String(Number(tick.toPrecision(2))));
      const line = looks.map((look, place) => `${frame.x(place)},${frame.y(look[name])}`).join(" ");
      return [...frame.axes([low, (low + high) / 2, high]), svg("polyline", { class: "line series-1", points: line })];
    };
    return make("figure", {}, make("figcaption", {}, label), plot(`curve-${name}`, `${label}, over rollouts`, 160, draw));
  });
  return [make("h3", {}, "Curves, over rollouts"), make("div", { class: "curves" }, ...drawn)];
}

function pictures(run) {
  if (run.pictures.length === 0) return [];
  const drawn = run.pictures.map((name) => {
    const image = make("img", { alt: `${name} of this run` });
    pictureUrl(`alignment/runs/${run.id}/pictures/${name}`)
      .then((url) => {
        image.onload = () => URL.revokeObjectURL(url);
        image.src = url;
      })
      .catch((error) => image.replaceWith(note(error.message)));
    return make("figure", {}, make("figcaption", {}, name), image);
  });
  return [make("h3", {}, "Pictures that the run drew"), make("div", { class: "pictures" }, ...drawn)];
}

function stages(run) {
  return Object.entries(run.metrics).flatMap(([stage, found]) => {
    const rows = figures(found);
    return rows.length === 0 ? [] : [make("h3", {}, stage), table(`Figures of the stage ${stage}`, ["figure", "value"], rows)];
  });
}

export const json = (value) => make("pre", {}, JSON.stringify(value, null, 2));
