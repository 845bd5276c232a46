// The clock of the namespace: it goes on by itself here, and is moved by buttons.

import { ask, order } from "./api.js";
import { button, el, fill, tell } from "./dom.js";
import { paced } from "./live.js";
import { label, lasting, moment } from "./words.js";

// Looks at what is due are this far apart, however much happens.
const APART_MS = 2000;

export function clock() {
  const time = el("span", { class: "time" }, "…");
  const mode = el("span", { class: "mode" });
  const next = el("p", { class: "next" });
  const toNext = button("To next event", () => due[0] && move({ at: due[0].at }), { disabled: true, class: "main" });
  const freeze = button("Freeze", () => move(told?.mode === "frozen" ? { mode: "offset" } : { mode: "frozen" }));
  const panel = el("div", { class: "panel" }, next, el("div", { class: "buttons" }, toNext,
    [["+1 min", 60], ["+10 min", 600], ["+1 h", 3600], ["+1 day", 86400]].map(([text, seconds]) => button(text, () => move({ advance_seconds: seconds }))),
    freeze));
  const element = el("details", { class: "clock" }, el("summary", {}, el("span", { class: "unseen" }, "Clock of the namespace: "), time, " ", mode), panel);
  let told = null;
  let read = 0;
  let due = [];

  const now = () => new Date(told.now).getTime() + (performance.now() - read) * told.factor;
  function draw() {
    if (!told) return;
    fill(time, `${moment(new Date(now()).toISOString())} UTC`);
    fill(mode, told.mode === "real" ? "" : told.mode);
    fill(freeze, told.mode === "frozen" ? "Let it go on" : "Freeze");
    toNext.disabled = !due.length;
    const first = due[0];
    fill(next, first ? ["Next: ", el("a", { href: `#/sessions/${encodeURIComponent(first.session_id)}` }, first.session_id), `: ${label(first.event)} in ${lasting(Math.max(0, new Date(first.at).getTime() - now()) / 1000)}`] : "Nothing is due.");
  }
  async function look() {
    try {
      [told, { due }] = await Promise.all([ask("/clock"), ask("/due")]);
      read = performance.now();
      draw();
    } catch { /* the state beside it says that the server is away */ }
  }
  async function move(body) {
    try {
      const { happened, ...rest } = await order("/clock", body);
      told = rest;
      read = performance.now();
      tell(happened.length ? `It is ${moment(told.now)}. Happened: ${happened.slice(0, 3).map((each) => `${each.session_id} ${label(each.event)}`).join(", ")}${happened.length > 3 ? ` and ${happened.length - 3} more` : ""}.` : `It is ${moment(told.now)}.`);
      await look();
    } catch (error) {
      tell(error.message, true);
    }
  }
  const ticking = setInterval(draw, 1000);
  look();
  return { element, changed: paced(look, APART_MS), close: () => clearInterval(ticking) };
}
