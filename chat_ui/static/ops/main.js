// The ops page: asks for a key, then shows what the gateway says and asks again while somebody looks.

import { icon, iconButton, make } from "../dom.js";
import { applyTheme, isDark, toggleTheme } from "../theme.js";
import { forgetKey, get, hasKey, keepKey } from "./api.js";
import * as decisions from "./decisions.js";
import * as deployment from "./deployment.js";
import * as engines from "./engines.js";
import { clock } from "./format.js";
import * as runs from "./runs.js";
import * as versions from "./versions.js";
import * as votes from "./votes.js";

const REFRESH_MS = 15_000;
const DAYS = 14;

const SOURCES = {
  deployment: () => get("deployments"),
  trial: async () => (await get("deployments/canary")).trial,
  versions: async () => (await get("versions")).data,
  votes: () => get(`feedback/statistics?days=${DAYS}`),
  engines: () => get("engines"),
  runs: () => get("alignment/runs?limit=20"),
};

const SECTIONS = [
  { id: "live", title: "Live", wide: 4, needs: ["deployment", "versions", "votes", "runs"], draw: deployment.live },
  { id: "trial", title: "Canary", wide: 8, needs: ["deployment", "trial"], draw: deployment.trial },
  { id: "rates", title: `Thumbs-up by version, ${DAYS} days`, wide: 8, needs: ["votes"], draw: votes.rates },
  { id: "reasons", title: "Reasons", wide: 4, needs: ["votes"], draw: votes.reasons },
  { id: "per-day", title: "Votes per day", wide: 6, needs: ["votes"], draw: votes.perDay },
  { id: "judges", title: "Reward model over runs", wide: 6, needs: ["runs"], draw: runs.judges },
  { id: "engines", title: "Engines", wide: 12, needs: ["engines"], draw: engines.list },
  { id: "versions", title: "Versions", wide: 7, needs: ["versions", "deployment"], draw: versions.list },
  { id: "decisions", title: "Decisions", wide: 5, needs: ["deployment"], draw: decisions.list },
  { id: "runs", title: "Alignment runs", wide: 12, needs: ["runs"], draw: runs.list },
];

const app = document.getElementById("app");
const known = {};
const drawn = {};
let timer = 0;
let asked = 0;

function start() {
  applyTheme();
  document.addEventListener("visibilitychange", () => !document.hidden && hasKey() && refresh());
  if (hasKey()) open();
  else signIn();
}

function signIn(message = "") {
  clearTimeout(timer);
  for (const name of Object.keys(SOURCES)) delete known[name];
  for (const { id } of SECTIONS) delete drawn[id];
  const key = make("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const refusal = make("p", { class: "refusal", role: "alert" }, message);
  const submit = make("button", { type: "submit", class: "button primary" }, "Open");
  const form = make(
    "form",
    { id: "sign-in" },
    make("span", { class: "brand" }, "Attune"),
    make("h1", {}, "Ops"),
    make("label", { for: "key" }, "API key with the scope admin"),
    key,
    make("p", { class: "note" }, "It is kept while this page is open: not after a reload, and never on the disk."),
    refusal,
    submit,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    try {
      keepKey(key.value.trim());
      known.deployment = await SOURCES.deployment();
      open();
    } catch (error) {
      forgetKey();
      refusal.textContent = error.message;
      submit.disabled = false;
    }
  });
  app.replaceChildren(form);
  key.focus();
}

function open() {
  const theme = iconButton(isDark() ? "sun" : "moon", "Dark mode", () => {
    toggleTheme();
    theme.replaceChildren(icon(isDark() ? "sun" : "moon"));
  });
  const out = make("button", { type: "button", class: "button", onclick: () => (forgetKey(), signIn()) }, "Sign out");
  const state = make("span", { id: "read-at", role: "status" });
  const head = make("header", { id: "ops-head" }, make("a", { class: "brand", href: "/" }, "Attune"), make("h1", {}, "Ops"), state, theme, out);
  const cards = SECTIONS.map(({ id, title, wide }) =>
    make("section", { id, class: `card wide-${wide}`, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, title), make("div", { class: "body" })),
  );
  app.replaceChildren(head, make("main", {}, ...cards));
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  const mine = ++asked;
  const names = Object.keys(SOURCES);
  const answers = await Promise.allSettled(names.map((name) => SOURCES[name]()));
  if (!hasKey() || mine !== asked) return; // signed out meanwhile, or asked again after a change
  const failures = {};
  answers.forEach((answer, place) => {
    if (answer.status === "fulfilled") known[names[place]] = answer.value;
    else failures[names[place]] = answer.reason;
  });
  const refused = Object.values(failures).find((error) => error.status === 401 || error.status === 403);
  if (refused) {
    forgetKey();
    return signIn(refused.message);
  }
  const [failure] = Object.values(failures);
  const state = document.getElementById("read-at");
  state.textContent = failure ? failure.message : `read at ${clock(new Date())}`;
  state.classList.toggle("refusal", Boolean(failure));
  SECTIONS.forEach(draw);
  document.body.dataset.read = String(Number(document.body.dataset.read ?? 0) + 1);
  timer = setTimeout(() => (document.hidden ? null : refresh()), REFRESH_MS);
}

// Only what has changed is drawn again, so that nothing moves under somebody's hand; the keyboard stays where it was.
function draw({ id, needs, draw: contents }) {
  if (needs.some((name) => known[name] === undefined)) return;
  const now = JSON.stringify(needs.map((name) => known[name]));
  if (drawn[id] === now) return;
  drawn[id] = now;
  const body = document.querySelector(`#${id} > .body`);
  const focused = body.contains(document.activeElement) ? document.activeElement.textContent : null;
  body.replaceChildren(...contents({ ...known, reload: refresh }).filter(Boolean));
  if (focused) [...body.querySelectorAll("button, summary")].find((one) => one.textContent === focused)?.focus();
}

start();
