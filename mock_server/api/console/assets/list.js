// The list of sessions: looked through by words, profile and state, and kept as the server has it.

import { ask } from "./api.js";
import { el, fill, button } from "./dom.js";
import { badge, lasting, moment, size } from "./words.js";

const COLUMNS = ["State", "Session", "About", "Profile", "Created", "Duration", "Utterances", "Audio", "Heard by"];
const TYPING_MS = 250;

export function list({ main, query }) {
  const places = [];
  let busy = false;
  let again = false;
  let gone = false;
  let typing = 0;
  let next = null;
  let drawn = "";

  const words = el("input", { id: "q", type: "search", maxlength: 200, value: query.get("q") ?? "", placeholder: "id, template, user, words of a transcript" });
  const profile = el("select", { id: "profile" });
  const state = el("select", { id: "state" });
  const rows = el("tbody");
  const table = el("table", { class: "sessions" },
    el("caption", { class: "unseen" }, "Sessions, latest first"),
    el("thead", {}, el("tr", {}, COLUMNS.map((name) => el("th", { scope: "col" }, name)))), rows);
  const count = el("p", { class: "count", role: "status" });
  const empty = el("p", { class: "empty", hidden: true });
  const newer = button("Newer", () => { places.pop(); look(); });
  const older = button("Older", () => { places.push(next); look(); });
  const form = el("form", { class: "filters", role: "search", on: { submit: (event) => event.preventDefault() } },
    field("Search", words), field("Profile", profile), field("State", state));
  fill(main, el("div", { class: "head" }, el("h1", { tabindex: "-1" }, "Sessions"), count), form, table, empty, el("div", { class: "pager" }, newer, older));

  words.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(filter, TYPING_MS); });
  for (const each of [profile, state]) each.addEventListener("change", filter);

  function filter() {
    places.length = 0;
    const found = asked();
    history.replaceState(null, "", `#/sessions${found.size ? `?${found}` : ""}`);
    look();
  }

  function asked() {
    const given = { q: words.value.trim(), profile: profile.options.length ? profile.value : query.get("profile"), state: state.options.length ? state.value : query.get("state") };
    return new URLSearchParams(Object.entries(given).filter(([, value]) => value));
  }

  async function look() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      do {
        again = false;
        const found = asked();
        if (places.length) found.set("after", places.at(-1));
        const page = await ask(`/sessions?${found}`);
        if (gone) return;
        if (!again) draw(page);
      } while (again);
    } catch (error) {
      if (!gone) fill(count, error.message);
      drawn = "";
      if (error.status === 400) options({ states: {}, total: {} });
    } finally {
      busy = false;
    }
  }

  function options({ states, total }) {
    const chosen = [profile, state].map((each, at) => (each.options.length ? each.value : query.get(["profile", "state"][at]) ?? ""));
    const names = Object.keys(total);
    const known = [...new Set((chosen[0] ? states[chosen[0]] ?? [] : Object.values(states).flat()))];
    choose(profile, names, chosen[0], "All profiles");
    choose(state, known, chosen[1], "Any state");
    profile.closest("div").hidden = names.length < 2 && !chosen[0];
  }

  function draw(page) {
    const as = JSON.stringify(page);
    if (as === drawn) return;
    drawn = as;
    options(page);
    next = page.next;
    const held = document.activeElement?.closest?.("tr")?.dataset.session;
    fill(rows, page.sessions.map(row));
    if (held) [...rows.children].find((each) => each.dataset.session === held)?.querySelector("a")?.focus({ preventScroll: true });
    const all = Object.values(page.total).reduce((sum, each) => sum + each, 0);
    const filtered = asked().size > 0;
    fill(count, filtered ? `${page.sessions.length}${page.next ? " or more" : ""} of ${all.toLocaleString("en")} sessions` : `${all.toLocaleString("en")} ${all === 1 ? "session" : "sessions"}`);
    table.hidden = !page.sessions.length;
    empty.hidden = !!page.sessions.length;
    fill(empty, filtered ? "No session fits." : ["There are no sessions yet. A client makes them, or ", el("a", { href: "#/record" }, "you do"), "."]);
    newer.disabled = !places.length;
    older.disabled = !page.next;
    newer.parentElement.hidden = !places.length && !page.next;
  }

  look();
  return {
    // behind the first page nothing moves: its sessions only change, and are looked at when it is turned
    changed: (sessions) => { if (sessions.size && !places.length || [...sessions].some((name) => name === "*" || rows.querySelector(`[data-session="${CSS.escape(name)}"]`))) look(); },
    close: () => { gone = true; clearTimeout(typing); },
  };
}

function field(text, input) {
  return el("div", { class: "field" }, el("label", { for: input.id }, text), input);
}

function choose(select, names, chosen, all) {
  const known = !chosen || names.includes(chosen) ? names : [...names, chosen];
  fill(select, el("option", { value: "" }, all), known.map((name) => el("option", { value: name, selected: name === chosen }, name)));
}

function row(each) {
  const until = each.ended_at ? new Date(each.ended_at) : null;
  const lasted = each.audio_s ?? (until ? (until - new Date(each.created_at)) / 1000 : null);
  const cells = [
    badge(each.state),
    el("a", { href: `#/sessions/${encodeURIComponent(each.session_id)}` }, each.session_id),
    el("bdi", {}, each.about), each.profile, moment(each.created_at), lasting(lasted), each.utterances ?? "–",
    each.files ? `${each.files} × ${size(each.size / each.files)}` : "–", each.engine ?? "–",
  ];
  return el("tr", { "data-session": each.session_id }, cells.map((cell, at) => el("td", { "data-label": COLUMNS[at] }, cell)));
}
