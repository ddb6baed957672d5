// Runs in the chat's page: draws texts in the way of the page, or without its sanitiser, and looks at every element.
// What may stand there is said here once more, apart from the page's own list, and checked on what a browser made of it.

async ([texts, way]) => {
  const { drawText } = await import("/chat-static/message.js");
  const { createParser } = await import("/chat-static/markdown.js");
  const { copyButton } = await import("/chat-static/dom.js");
  const tags = createParser({ html: true });
  const draw = {
    page: (place, text) => drawText(place, text),
    "sanitiser alone": (place, text) => drawText(place, text, tags),
    // But for one tag, which would lead the browser away from the page, policy or not.
    "no sanitiser": (place, text) => (place.innerHTML = tags.render(text).replaceAll("http-equiv", "data-equiv")),
  }[way];

  const PLAIN = "BLOCKQUOTE BR CODE DEL EM H1 H2 H3 H4 H5 H6 HR LI OL P PRE S SPAN STRONG TABLE TBODY TD TH THEAD TR UL".split(" ");
  const CLASS = /^(formula|formula-display|align-(left|center|right)|hljs-[a-z_-]+|[a-z]+_{1,2})$/;
  const STYLE = /^((height|width|min-width|top|left|vertical-align|margin-(left|right|top)|padding-left|color|background-color|border(-[a-z]+)*): ?[-#a-z0-9. (),%]+;? ?|position: relative;? ?)+$/;
  const COPY = copyButton("", "Copy code").outerHTML;

  const fits = (element) => {
    const attributes = [...Reflect.get(Element.prototype, "attributes", element)]; // a form may hide its own
    if (element.closest("[role=math]") && element.getAttribute("role") !== "math") return inFormula(element, attributes);
    if (element.matches("div.code_wrap")) return attributes.length === 1 && element.firstElementChild.matches("pre");
    if (element.matches("div.code_wrap > button:last-child")) return element.outerHTML === COPY;
    if (element.closest("div.code_wrap > button:last-child")) return true;
    if (element.tagName === "A") return attributes.every(({ name, value }) => ofLink(element, name, value));
    if (!PLAIN.includes(element.tagName)) return false;
    return attributes.every(({ name, value }) => ofPlain(element, name, value));
  };
  const ofPlain = (element, name, value) => {
    if (name === "class") return value === "as-written" || value.split(" ").every((one) => CLASS.test(one));
    if (name === "start") return element.tagName === "OL" && /^\d+$/.test(value);
    return element.matches(".formula, .formula-display") && (name === "aria-label" || (name === "role" && value === "math"));
  };
  const ofLink = (link, name, value) => {
    if (name === "href") return ["http:", "https:", "mailto:"].includes(link.protocol) && link.host !== location.host;
    if (name === "rel") return value === "noopener noreferrer";
    return name === "title" || (name === "target" && value === "_blank");
  };
  const inFormula = (element, attributes) => {
    if (!["span", "svg", "path", "line"].includes(element.localName)) return false;
    return attributes.every(({ name, value }) => {
      if (name === "style") return STYLE.test(value);
      if (name === "class") return /^[A-Za-z0-9 -]*$/.test(value);
      return /^(d|height|width|viewBox|preserveAspectRatio|xmlns|x1|x2|y1|y2|stroke-width)$/.test(name);
    });
  };

  const stage = document.createElement("div");
  document.getElementById("board").append(stage);
  const outside = [];
  let elements = 0;
  texts.forEach((text, number) => {
    const place = document.createElement("div");
    place.className = "prose";
    stage.append(place);
    try {
      draw(place, text);
    } catch (error) {
      outside.push([number, String(error)]);
    }
    const all = [...place.querySelectorAll("*")];
    elements += all.length;
    const wrong = all.find((element) => !fits(element));
    if (wrong) outside.push([number, wrong.outerHTML.slice(0, 300)]);
  });
  await new Promise((resolve) => setTimeout(resolve, 20)); // what was asked for is asked for by now
  stage.remove();
  return { outside, elements, ran: window.__ran ?? null };
}
