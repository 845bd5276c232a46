// The console: which page is shown, who is let in, and what of the server's life reaches the page.

import { ask, forget, keep, key } from "./api.js";
import { clock } from "./clock.js";
import { button, el, fill, tell } from "./dom.js";
import { list } from "./list.js";
import { Live } from "./live.js";
import { record } from "./record.js";
import { requests } from "./requests.js";
import { session } from "./session.js";

const main = document.getElementById("main");
const pages = document.getElementById("pages");
const bar = document.getElementById("bar");
const STATES = { live: "live", polling: "every 5 s", away: "server away" };
// Changes that come together are looked at together.
const TOGETHER_MS = 250;

let live = null;
let view = null;
let server = null;
let ticking = null;
let waiting = null;

addEventListener("hashchange", () => server && show(true));
addEventListener("locked", (event) => gate(event.detail));
if (key()) enter();
else gate();

function gate(because = "") {
  live?.stop();
  view?.close?.();
  ticking?.close();
  live = view = server = ticking = null;
  fill(pages);
  fill(bar);
  document.title = "Key – scribe-mock console";
  const field = el("input", { id: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true, maxlength: 4096 });
  const wrong = el("p", { class: "bad", id: "wrong", role: "alert" }, because);
  const form = el("form", { class: "gate", on: { submit: (event) => { event.preventDefault(); open(field, wrong); } } },
    el("h1", { tabindex: "-1" }, "Which namespace?"),
    el("p", {}, "The console shows what belongs to one API key. The key stays in this tab and is sent to this server alone."),
    el("label", { for: "key" }, "API key"), field, wrong, el("button", { type: "submit", class: "main" }, "Open"));
  fill(main, form);
  field.focus();
}

async function open(field, wrong) {
  const given = field.value.trim();
  try {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new Error("A key has letters, digits and signs of ASCII, and no blanks.");
    await ask("/server", { as: given });
    keep(given);
    await enter();
  } catch (error) {
    fill(wrong, error.message);
    field.focus();
  }
}

async function enter() {
  try {
    server = await ask("/server");
  } catch (error) {
    if (key()) waitForServer(error);
    return;
  }
  const state = el("span", { class: "state", id: "live", role: "status" }, "…");
  live = new Live();
  live.addEventListener("state", (event) => { state.dataset.state = event.detail; fill(state, STATES[event.detail]); });
  live.addEventListener("change", (event) => changed(event.detail));
  ticking = clock();
  fill(bar, ticking.element, state,
    el("span", { class: "who", title: "The namespace of the key" }, server.namespace),
    button("Forget key", () => forget("The key is forgotten."), { class: "quiet" }));
  live.start();
  show(false);
}

function waitForServer(error) {
  fill(main, el("p", { class: "bad" }, `${error.message} Trying again…`));
  setTimeout(() => key() && !server && enter(), 2000);
}

function changed({ changed: sessions, asked }) {
  const first = !waiting;
  waiting ??= { changed: new Set(), asked: new Set() };
  for (const name of sessions) waiting.changed.add(name);
  for (const name of asked) waiting.asked.add(name);
  if (!first) return;
  setTimeout(() => {
    const all = waiting;
    waiting = null;
    if (all.changed.size) ticking?.changed();
    view?.changed?.(all.changed, all.asked);
  }, TOGETHER_MS);
}

// The part of the address behind the # has page and filters; a key is never in it.
function place() {
  const [path, query] = (location.hash.slice(1) || "/sessions").split("?");
  const [, page, ...rest] = path.split("/");
  return { page, name: rest.length ? decodeURIComponent(rest.join("/")) : null, query: new URLSearchParams(query) };
}

function show(focus) {
  let found;
  try {
    found = place();
  } catch {
    found = { page: "", name: null, query: new URLSearchParams() };
  }
  view?.close?.();
  tell("");
  const views = { sessions: found.name ? session : list, record, requests };
  const make = views[found.page];
  const links = { sessions: "Sessions", record: "Record", requests: "Requests" };
  fill(pages, el("ul", {}, Object.entries(links).map(([name, text]) =>
    el("li", {}, el("a", { href: `#/${name}`, "aria-current": name === found.page ? "page" : null }, text)))));
  if (!make) {
    view = null;
    fill(main, el("h1", { tabindex: "-1" }, "There is no such page"), el("p", {}, el("a", { href: "#/sessions" }, "All sessions")));
  } else {
    view = make({ main, server, ...found });
  }
  const title = main.querySelector("h1");
  document.title = `${title?.textContent ?? ""} – scribe-mock console`;
  if (focus) {
    title?.focus();
    scrollTo(0, 0);
  }
}

addEventListener("unhandledrejection", (event) => {
  if (event.reason?.name === "AbortError") return;
  tell(event.reason?.message ?? "Something went wrong.", true);
});
