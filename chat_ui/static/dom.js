// Builds elements from data. Text only ever enters as text: nothing here takes markup.

const SVG = "http://www.w3.org/2000/svg";

const COPIED_MS = 1500;

const PATHS = {
  check: "M4 12.5l5 5L20 6.5",
  chevronLeft: "M14.5 6l-6 6 6 6",
  chevronRight: "M9.5 6l6 6-6 6",
  close: "M6 6l12 12M18 6L6 18",
  copy: "M9 9h10v11H9zM5 15V4h10",
  edit: "M4 20l1-4L16.5 4.5l3 3L8 19zM14 7l3 3",
  menu: "M4 7h16M4 12h16M4 17h16",
  moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.500 10.500z",
  plus: "M12 5v14M5 12h14",
  regenerate: "M20 12a8 8 0 1 1-2.500-5.800M20 3v5h-5",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M13 5v4M7 15v4",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  thumbDown: "M7 4v10H3.500V4zM7 13l4 7c1.600 0 2.500-1 2.500-2.500V14H19a1.500 1.500 0 0 0 1.500-1.800l-1.300-6.700A1.900 1.900 0 0 0 17.300 4H7",
  thumbUp: "M7 20V10H3.500v10zM7 11l4-7c1.600 0 2.500 1 2.500 2.500V10H19a1.500 1.500 0 0 1 1.500 1.800l-1.300 6.700a1.900 1.900 0 0 1-1.900 1.500H7",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13",
};

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, onclick, attributes = {}) {
  return make("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

export function copyButton(text, label = "Copy") {
  const button = iconButton("copy", label, async () => {
    await navigator.clipboard.writeText(text);
    show("check", true);
    setTimeout(() => show("copy", false), COPIED_MS);
  });
  function show(name, copied) {
    button.replaceChildren(icon(name));
    button.dataset.copied = String(copied);
  }
  return button;
}

// Draws an island's value into its element now and whenever it changes.
export function draw({ element, props, watch }, render) {
  const redraw = () => element.replaceChildren(...render(props.value));
  watch("value", redraw);
  redraw();
}
