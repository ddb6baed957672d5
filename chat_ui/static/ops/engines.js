// Which engines run, and how fast they answer.

import { count, span, version } from "./format.js";
import { badge, note, stacked } from "./parts.js";

const SILENT_AFTER_S = 20; // its controller speaks of an engine every 5 s
const KINDS = { ready: "good", failed: "bad", starting: "canary", draining: "plain" };
const ms = (value) => (value === null ? "–" : `${Math.round(value)} ms`);

export function list({ engines }) {
  const queue = note(`${count(engines.running, "request")} under way at this gateway, ${engines.queued} waiting.`);
  if (engines.data.length === 0) return [note("No engine runs."), queue];
  const rows = engines.data.map((engine) => {
    const silent = engine.silent_s > SILENT_AFTER_S;
    return [
      version(engine.version),
      badge(silent ? `${engine.state}? silent for ${span(engine.silent_s)}` : engine.state, silent ? "bad" : KINDS[engine.state]),
      engine.traffic.tokens_per_s.toFixed(engine.traffic.tokens_per_s < 10 ? 1 : 0),
      ms(engine.traffic.ttft_ms_p50),
      ms(engine.traffic.ttft_ms_p95),
      String(engine.traffic.answers),
      String(engine.traffic.errors),
      engine.message,
    ];
  });
  return [stacked("Engines, and their answers of the last five minutes", ["version", "state", "#tokens/s", "#TTFT p50", "#p95", "#answers", "#errors", "says"], rows), queue];
}
