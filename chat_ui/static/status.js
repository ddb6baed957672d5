// The sentence above the text box when something is wrong, and whether an answer is being written.

import { make } from "./dom.js";
import { setBusy, start } from "./page.js";

export function mount({ element, props, watch, trigger }) {
  const line = make("div", { id: "notice", role: "alert", hidden: true });
  element.replaceChildren(line);
  const show = () => {
    const status = props.value;
    if (!status) return;
    if (status.busy !== null) setBusy(status.busy);
    if (status.busy !== null || status.notice) showNotice(line, status.notice, trigger);
    document.body.dataset.revision = status.revision;
  };
  watch("value", show);
  show();
  guardComposer();
}

let retryWhenReady = null;

function showNotice(line, notice, trigger) {
  line.hidden = !notice;
  document.removeEventListener("attune:model-ready", retryWhenReady);
  if (!notice) return line.replaceChildren();
  line.dataset.kind = notice.kind;
  const retry = () => start(trigger, "retry", { id: notice.retry_id });
  if (notice.kind === "waiting" && notice.retry_id) {
    retryWhenReady = retry;
    document.addEventListener("attune:model-ready", retryWhenReady, { once: true });
    document.dispatchEvent(new CustomEvent("attune:model-away")); // header.js looks sooner again
  }
  const again = notice.retry_id && make("button", { type: "button", class: "text-button", onclick: retry }, "Try again");
  line.replaceChildren(make("span", {}, notice.text), ...(again ? [again] : []));
}

// Enter sends even while an answer is being written, unless it is caught before the text box sees it.
function guardComposer() {
  const catchEnter = (event) => {
    const sends = event.key === "Enter" && !event.shiftKey && event.target.closest?.("#composer");
    if (sends && (document.body.dataset.busy === "true" || event.isComposing || !event.target.value.trim())) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  document.addEventListener("keydown", catchEnter, true);
  document.addEventListener("keypress", catchEnter, true);
}
