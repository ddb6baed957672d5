// As in_environment.py, for scripts of Node: node in_environment.mjs SCRIPT OUTPUT FUNCTION…
import { appendFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [script, output, ...functions] = process.argv.slice(2);
const module = await import(pathToFileURL(script));
for (const name of functions) {
  const began = performance.now();
  let outcome;
  try {
    outcome = { gave: await module[name]() };
  } catch (error) {
    outcome = { raised: error.constructor.name, message: String(error.message ?? error).slice(0, 2000) };
  }
  const seconds = Math.round((performance.now() - began) / 10) / 100;
  appendFileSync(output, JSON.stringify({ case: name, seconds, ...outcome }) + "\n");
}
process.exit(0);
