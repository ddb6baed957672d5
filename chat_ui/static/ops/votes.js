// What people think: thumbs-up by version and day, votes per day, and the reasons given.

import { make } from "../dom.js";
import { estimates, Frame, plot, seriesOf, svg, ticksTo, titled } from "./charts.js";
import { count, day, percent, thumbsUp, version } from "./format.js";
import { note, table } from "./parts.js";

export function rates({ votes }) {
  if (votes.by_version.length === 0) return [note("Nobody has voted in these days.")];
  const days = votes.days.map((row) => row.day);
  const draw = (width) => {
    const frame = new Frame(width, 250, days.map(day), [0, 1], percent);
    const lines = votes.versions.flatMap((whole, place) => {
      const points = votes.by_version
        .filter((row) => row.version === whole.version)
        .map((row) => ({
          ...row.thumbs,
          place: days.indexOf(row.day),
          value: row.thumbs.rate,
          text: `${version(row.version)}, ${day(row.day)}: ${thumbsUp(row.thumbs)} of ${count(row.thumbs.up + row.thumbs.down, "thumb")}`,
        }));
      return estimates(frame, points, seriesOf(whole.version), 5 * (place - (votes.versions.length - 1) / 2));
    });
    return [...frame.axes([0, 0.25, 0.5, 0.75, 1]), ...lines];
  };
  const rows = votes.by_version.map((row) => [day(row.day), version(row.version), String(row.thumbs.up), String(row.thumbs.down), thumbsUp(row.thumbs)]);
  return [
    legend(votes.versions),
    plot("rates", "Share of thumbs up by day and version, with 95 % intervals", 250, draw, table("Thumbs by day and version", ["day", "version", "#up", "#down", "#up (95 %)"], rows)),
    note("Intervals are Wilson's and take votes for independent; where few people vote often, they are too narrow. Days are in UTC."),
  ];
}

function legend(versions) {
  const entries = versions.map((row) =>
    make(
      "li",
      { class: seriesOf(row.version) },
      make("b", {}, version(row.version)),
      ` ${thumbsUp(row.thumbs)}`,
      make("span", { class: "soft" }, ` ${count(row.thumbs.up + row.thumbs.down, "thumb")}, ${row.raters === 1 ? "1 person" : `${row.raters.toLocaleString()} people`}`),
    ),
  );
  return make("ul", { class: "legend" }, ...entries);
}

export function perDay({ votes }) {
  const most = Math.max(...votes.days.map((row) => row.up + row.down));
  const draw = (width) => {
    const ticks = ticksTo(most);
    const frame = new Frame(width, 190, votes.days.map((row) => day(row.day)), [0, ticks.at(-1)], String);
    const wide = Math.min(30, 0.66 * frame.step);
    const bars = votes.days.flatMap((row, place) =>
      [
        ["up", 0, row.up],
        ["down", row.up, row.down],
      ].map(([kind, from, size]) => {
        const shape = svg("rect", { class: `bar ${kind}`, x: frame.x(place) - wide / 2, width: wide, y: frame.y(from + size), height: frame.y(from) - frame.y(from + size), rx: 2 });
        return titled(shape, `${day(row.day)}: ${size} ${kind}`);
      }),
    );
    return [...frame.axes(ticks), ...bars];
  };
  const rows = votes.days.map((row) => [day(row.day), String(row.up), String(row.down), String(row.comparisons), String(row.corrections)]);
  const numbers = table("Votes per day", ["day", "#up", "#down", "#comparisons", "#corrections"], rows);
  const key = make("ul", { class: "legend" }, make("li", { class: "key-up" }, "thumbs up"), make("li", { class: "key-down" }, "thumbs down"));
  return [key, plot("per-day", "Thumbs up and down per day", 190, draw, numbers)];
}

export function reasons({ votes }) {
  if (votes.reasons.length === 0) return [note("Nobody has given a reason in these days.")];
  const most = votes.reasons[0].count;
  const rows = votes.reasons.slice(0, 10).map((row) => {
    const bar = make("span", { class: "amount" });
    bar.style.width = percent(row.count / most, 1).replace(" ", "");
    return make("li", {}, make("span", { class: "what" }, row.reason), make("span", { class: "track", "aria-hidden": "true" }, bar), make("span", { class: "number" }, row.count.toLocaleString()));
  });
  const rest = votes.other_reasons + votes.reasons.slice(10).reduce((sum, row) => sum + row.count, 0);
  return [make("ul", { class: "bars" }, ...rows), rest > 0 && note(`And ${rest.toLocaleString()} more, of other words.`)];
}
