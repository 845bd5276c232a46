// Notes as they were filled: every statement that has a source points at its sentence in the transcript.

import { el, long, many, tell } from "./dom.js";
import { label } from "./words.js";
import { why } from "./requests.js";

export function notes(results, said, names) {
  const act = pointer(said);
  return el("div", { class: "notes" }, results.map((result) => el("article", {},
    el("h3", {}, el("bdi", {}, names.get(result.id) ?? label(result.id))),
    result.status === "success" ? content(result.data, act) : why({ code: result.error_code, message: result.error_message }))));
}

// What happens where a statement is hovered, reached by key, or chosen.
function pointer(said) {
  let chosen = null;
  return (source) => ({
    mouseenter: () => said?.point(source),
    focus: () => said?.point(source),
    mouseleave: () => said?.leave(),
    blur: () => said?.leave(),
    click: (event) => {
      chosen?.setAttribute("aria-pressed", "false");
      chosen = event.currentTarget;
      const found = said?.point(source, true);
      chosen.setAttribute("aria-pressed", String(!!found));
      tell(found ? `From the transcript: “${source.sentence}”` : "The sentence is not in the transcript that is shown.", !found, !!found);
    },
  });
}

const sourceOf = (value) => {
  const found = Array.isArray(value?.source) ? value.source[0] : value?.source ?? (value?.sentence !== undefined ? value : null);
  return typeof found?.sentence === "string" && Number.isInteger(found.turn) ? found : null;
};

function statement(value, act) {
  const source = sourceOf(value);
  const members = Object.entries(value).filter(([name, each]) => !["source", "field", "turn", "sentence"].includes(name) && each !== null && each !== undefined && each !== "");
  const { value: amount, unit } = value;
  const measure = amount !== undefined && unit !== undefined ? `${amount} ${unit}` : null;
  const main = measure ? ["value", measure] : members.find(([, each]) => typeof each === "string");
  const text = main ? String(main[1]) : source.sentence;
  const others = members.filter(([name]) => name !== main?.[0] && !(measure && name === "unit")).map(([name, each]) => `${label(name)}: ${typeof each === "object" ? JSON.stringify(each) : each}`);
  return el("button", { type: "button", class: "statement", "aria-pressed": "false", on: act(source) },
    el("bdi", {}, text.slice(0, 2000)), others.length > 0 && el("span", { class: "quiet" }, ` ${others.join(", ").slice(0, 500)}`));
}

// A statement that was made of several sentences stands once, with the first of them.
const once = (evidence) => [...new Map(evidence.toReversed().map((each) => [JSON.stringify([each.field, each.text ?? each.sentence]), each])).values()].toReversed();

function content(value, act) {
  if (value === null || value === undefined) return el("p", { class: "quiet" }, "Nothing was said about it.");
  if (typeof value !== "object") return el("p", {}, long(String(value)));
  if (Array.isArray(value)) {
    if (!value.length) return el("p", { class: "quiet" }, "Nothing was said about it.");
    return many(value, (each) => el("li", {}, sourceOf(each) ? statement(each, act) : content(each, act)), { tag: "ul", step: 50, what: "statements" });
  }
  if (sourceOf(value)) return statement(value, act);
  const { evidence, ...rest } = value;
  const proven = Array.isArray(evidence) ? Map.groupBy(once(evidence.filter(sourceOf)), (each) => each.field ?? "history") : new Map();
  const members = Object.entries(rest);
  if (!members.length && !proven.size) return el("p", { class: "quiet" }, "Nothing was said about it.");
  return el("dl", {}, members.map(([name, each]) => el("div", {}, el("dt", {}, label(name)),
    // prose is shown as the sentences it was made of, where these are told
    el("dd", {}, proven.has(name) ? content(proven.get(name), act) : content(each, act)))));
}
