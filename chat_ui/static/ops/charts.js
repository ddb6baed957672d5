// Small plots as inline SVG, drawn at the width that there is, so that letters keep their size on a phone.

import { make } from "../dom.js";
import { disclosure } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 42;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 26;

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) node.setAttribute(name, value);
  node.append(...children.filter(Boolean));
  return node;
}

export const titled = (shape, text) => (shape.append(svg("title", {}, text)), shape);
export const seriesOf = (number) => `series-${(number ?? 0) % 6}`;

// A plot with its numbers as a table beside it. `draw(width)` returns the shapes.
export function plot(key, label, height, draw, numbers) {
  const host = make("div", { class: "chart" });
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width === 0 || host.dataset.width === String(width)) return;
    host.dataset.width = width;
    host.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": label }, ...draw(width)));
  }).observe(host);
  host.style.height = `${height}px`;
  return make("div", {}, host, numbers && disclosure(key, "As a table", numbers));
}

// Places along both axes, and the axes themselves.
export class Frame {
  constructor(width, height, labels, [low, high], unit) {
    Object.assign(this, { width, height, labels, low, high, unit });
    this.step = (width - LEFT - RIGHT) / Math.max(1, labels.length);
  }

  x(place) {
    return LEFT + this.step * (place + 0.5);
  }

  y(value) {
    const share = (value - this.low) / (this.high - this.low || 1);
    return this.height - BOTTOM - Math.min(1, Math.max(0, share)) * (this.height - TOP - BOTTOM);
  }

  axes(ticks) {
    const every = Math.ceil(46 / this.step);
    const last = this.labels.length - 1;
    return [
      ...ticks.map((tick) => svg("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: this.y(tick), y2: this.y(tick) })),
      ...ticks.map((tick) => svg("text", { class: "tick", x: LEFT - 8, y: this.y(tick) + 4, "text-anchor": "end" }, this.unit(tick))),
      ...this.labels.map((label, place) =>
        (last - place) % every ? null : svg("text", { class: "tick", x: this.x(place), y: this.height - 7, "text-anchor": "middle" }, label),
      ),
    ];
  }
}

// Round numbers from 0 to at least `most`.
export function ticksTo(most) {
  const rough = Math.max(1, most) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((factor) => factor * power >= rough) * power);
  return Array.from({ length: Math.ceil(Math.max(1, most) / step) + 1 }, (_, number) => number * step);
}

// A line through estimates with their intervals: points are {place, value, low, high, text}.
export function estimates(frame, points, className, shift = 0) {
  const at = (point) => frame.x(point.place) + shift;
  const line = points.map((point) => `${at(point)},${frame.y(point.value)}`).join(" ");
  return [
    svg("polyline", { class: `line ${className}`, points: line }),
    ...points.map((point) => svg("line", { class: `interval ${className}`, x1: at(point), x2: at(point), y1: frame.y(point.low), y2: frame.y(point.high) })),
    ...points.map((point) => titled(svg("circle", { class: `dot ${className}`, cx: at(point), cy: frame.y(point.value), r: 3.5 }), point.text)),
  ];
}
