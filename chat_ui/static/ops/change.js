// Asks for the reason of a change, and has it confirmed. What the gateway refuses is said in the dialog.

import { make } from "../dom.js";
import { change } from "./api.js";
import { openDialog } from "./dialog.js";
import { version } from "./format.js";
import { button } from "./parts.js";

const CHANGES = {
  canary: { action: "canary", title: "Try", does: "A share of the people gets this version; its evidence decides by itself whether it stays.", confirm: "Start" },
  promote: { action: "promote", title: "Promote", does: "Everybody gets this version. The version that is live now is retired and can be gone back to.", confirm: "Promote" },
  withdraw: { action: "withdraw", title: "Withdraw", does: "The trial ends without a verdict. The version may be tried again.", confirm: "Withdraw" },
  rollback: { action: "rollback", title: "Roll back", does: "The trial ends and the version is rejected for good.", confirm: "Roll back", danger: true },
  "rollback-live": { action: "rollback", title: "Roll back", does: "Everybody gets the version that was live before, and this one is rejected for good.", confirm: "Roll back", danger: true },
};

export function ask(name, numbers, done, share = null) {
  const { action, title, does, confirm, danger } = CHANGES[name];
  const named = numbers.length === 1 ? version(numbers[0]) : "a version";
  const which = make("select", { id: "change-version" }, ...numbers.map((number) => make("option", { value: number }, version(number))));
  const percentOf = make("input", { id: "change-share", type: "number", min: 0.1, max: 100, step: 0.1, required: true, value: share === null ? 10 : Number((100 * share).toFixed(1)) });
  const reason = make("textarea", { id: "change-reason", rows: 3, maxlength: 500, required: true, placeholder: "It stands in the audit." });
  const refusal = make("p", { class: "refusal", role: "alert" });
  const send = make("button", { type: "submit", class: `button ${danger ? "danger-filled" : "primary"}` }, share === null ? `${confirm} ${named}` : "Change the share");
  const form = make(
    "form",
    {},
    make("p", {}, does),
    ...(numbers.length > 1 ? field("Version", which) : []),
    ...(action === "canary" ? field("Share of the people, in %", percentOf) : []),
    ...field("Reason", reason),
    refusal,
    make("div", { class: "actions" }, button("Cancel", () => close()), send),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { version: Number(which.value), reason: reason.value.trim() };
    if (!body.reason) return void (refusal.textContent = "Say why.");
    if (action === "canary") body.share = Number(percentOf.value) / 100;
    send.disabled = true;
    try {
      await change(action, body);
      close();
      await done();
    } catch (error) {
      refusal.textContent = error.message;
      send.disabled = false;
    }
  });
  const close = openDialog(share === null ? `${title} ${named}` : `Change the share of ${named}`, [form]);
  (action === "canary" ? percentOf : reason).focus();
}

const field = (label, input) => [make("label", { for: input.id }, label), input];
