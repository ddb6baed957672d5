// Where the conversation scrolls: it follows an answer while its end is in sight, and not where somebody reads above.

const NEAR_PX = 120;

const column = () => document.getElementById("transcript");
let wasAtEnd = true;

document.addEventListener("scroll", (event) => {
  const place = column();
  if (event.target === place) wasAtEnd = place.scrollHeight - place.scrollTop - place.clientHeight < NEAR_PX;
}, true);

export function follow() {
  if (wasAtEnd) showEnd();
}

export function showEnd() {
  const place = column();
  place.scrollTop = place.scrollHeight;
  wasAtEnd = true;
}
