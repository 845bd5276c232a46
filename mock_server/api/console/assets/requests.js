// Requests and answers, and why some were refused: the whole namespace's, or those of one session.

import { ask } from "./api.js";
import { button, el, fill, long } from "./dom.js";
import { paced } from "./live.js";
import { moment, timeOfDay } from "./words.js";

// The server reads its whole record for a look: they are this far apart, however much is asked.
export const APART_MS = 2000;

export function requests({ main, query }) {
  let found = [];
  let gone = false;
  const refused = el("input", { type: "checkbox", id: "refused", checked: query.has("refused"), on: { change: () => look() } });
  const box = el("ol", { class: "timeline" });
  const told = el("p", { class: "count", role: "status" });
  const older = button("Earlier", () => look(found.at(-1)?.number));
  fill(main, el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Requests"), told),
    el("p", { class: "check" }, refused, el("label", { for: "refused" }, "Only those that were refused")), box, el("div", { class: "pager" }, older));

  async function look(before) {
    const asked = new URLSearchParams({ ...(before ? { before } : {}), ...(refused.checked ? { refused: "true" } : {}) });
    try {
      const page = await ask(`/exchanges?${asked}`);
      if (gone) return;
      const open = new Set([...box.querySelectorAll("details[open]")].map((each) => each.id));
      found = before ? [...found, ...page.exchanges] : page.exchanges;
      const made = page.exchanges.map((each) => el("li", {}, exchange(each, true)));
      if (before) box.append(...made);
      else fill(box, made);
      for (const name of open) box.querySelector(`#${CSS.escape(name)}`)?.setAttribute("open", "");
      older.hidden = !page.more;
      fill(told, found.length ? `${page.more ? "the last " : ""}${found.length}` : "None with this key yet.");
    } catch (error) {
      if (!gone) fill(told, error.message);
    }
  }
  look();
  const again = paced(() => look(), APART_MS);
  // whoever has looked back is not thrown to the front
  return { changed: (_, asked) => { if (asked.size && found.length <= 100) again(); }, close: () => { gone = true; } };
}

// One exchange: a line, and behind it what was sent and answered.
export function exchange(each, whose = false) {
  const bad = each.status >= 400;
  const head = el("summary", {},
    el("time", { datetime: each.at, title: moment(each.at) }, timeOfDay(each.at)), " ",
    el("span", { class: `badge ${bad ? "bad" : "good"}` }, String(each.status)), " ",
    el("b", {}, each.method), " ", el("bdi", { class: "path" }, each.path), " ", el("span", { class: "quiet" }, `${each.operation}, ${each.ms.toFixed(0)} ms`));
  const parts = [
    whose && each.session_id && el("p", {}, "Session ", el("a", { href: `#/sessions/${encodeURIComponent(each.session_id)}` }, each.session_id)),
    each.warning && el("p", { class: "warned" }, each.warning),
    each.scenario && el("p", {}, `Scenario: ${each.scenario}`),
    each.sent && el("div", {}, el("h4", {}, "Sent"), el("pre", { tabindex: "0" }, long(each.sent))),
    each.answered && el("div", {}, el("h4", {}, "Answered"), el("pre", { tabindex: "0" }, long(each.answered))),
  ];
  return el("div", {}, el("details", { id: `exchange-${each.number}` }, head, parts), bad && why(each));
}

// Why a request was refused: code, message and field, and what the text says of it.
export function why({ code, message, field, grounds = [] }) {
  return el("div", { class: "why" },
    el("p", {}, el("code", {}, code ?? "refused"), " ", el("bdi", {}, message ?? ""), field && [" Field: ", el("code", {}, field)]),
    grounds.length > 0 && el("ul", {}, grounds.map((each) => el("li", {}, el("b", {}, each.id), " ", each.text, " ", el("span", { class: "quiet" }, each.place)))));
}
