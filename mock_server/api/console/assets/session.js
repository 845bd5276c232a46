// One session: what was said, what was made of it and from which words, and everything that happened on the way.

import { ask, download, save, saveJson, saveText } from "./api.js";
import { button, el, fill, long, many, tell } from "./dom.js";
import { notes } from "./notes.js";
import { player } from "./player.js";
import { paced } from "./live.js";
import { APART_MS, exchange, why } from "./requests.js";
import { transcript } from "./transcript.js";
import { badge, label, lasting, minute, moment, size, timeOfDay } from "./words.js";

export function session({ main, name, server }) {
  const names = new Map((server.consulting?.templates ?? []).map((each) => [each.id, each.name]));
  let gone = false;
  let busy = false;
  let again = false;
  let audio = null;
  let told = null;
  let came = { exchanges: [] };
  const drawn = new Map();
  const leaving = new AbortController();
  const line = timeline();
  const mark = el("span");
  const panes = Object.fromEntries(["top", "audio", "body", "line", "order"].map((each) => [each, el("div")]));
  fill(main, el("p", { class: "crumb" }, el("a", { href: "#/sessions" }, "← All sessions")),
    el("div", { class: "head" }, el("h1", { tabindex: "-1" }, el("bdi", {}, name)), mark), Object.values(panes));

  async function look() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      do {
        again = false;
        told = await ask(`/sessions/${encodeURIComponent(name)}`);
        if (gone) return;
        draw();
      } while (again);
    } catch (error) {
      if (gone) return;
      if (error.status === 404) clear(error.message);
      else tell(error.message, true);
    } finally {
      busy = false;
    }
  }

  async function hear() {
    const found = await ask(`/exchanges?limit=500&session=${encodeURIComponent(name)}`).catch((error) => ({ exchanges: [], why: error.message }));
    if (gone) return;
    came = found;
    draw();
  }

  function clear(message) {
    audio?.close();
    audio = told = null;
    drawn.clear();
    for (const each of Object.values(panes)) fill(each);
    fill(mark);
    fill(panes.top, el("p", { class: "empty" }, message));
  }

  // A part of the page is drawn anew where what it shows has changed, so that whoever reads or hears the others goes on.
  function pane(which, shown, make) {
    const as = JSON.stringify(shown);
    if (drawn.get(which) === as) return;
    drawn.set(which, as);
    keeping(panes[which], () => fill(panes[which], make()));
  }

  function draw() {
    if (!told) return;
    const { session: entry, detail, files, journal } = told;
    fill(mark, badge(entry.state));
    pane("top", [entry, detail.failure, detail.error, detail.losses, detail.progress, detail.utterances?.length, detail.previous_session_id, detail.enhancement_job_id, told.stays_because, journal.length, came.exchanges.length > 0], () => [facts(entry, told), actions(() => told, came, leaving.signal), trouble(detail)]);
    pane("audio", files.map((file) => file.sha256), () => {
      audio?.close();
      audio = files.length ? player(entry.session_id, files, leaving.signal) : null;
      return audio && part("Audio", audio.element);
    });
    pane("body", [detail.turns, detail.utterances, detail.results, detail.summary, detail.prompt, files.length], () => {
      const turns = detail.turns ?? detail.utterances?.map(({ text, start }) => ({ speaker: null, text, start })) ?? [];
      const said = turns.length ? transcript(turns, audio && ((second) => audio?.seek(second))) : null;
      const noted = detail.results?.length > 0;
      return [(said || noted) && el("div", { class: "pair" }, said && part("Transcript", said.element), noted && part("Notes", notes(detail.results, said, names))), findings(detail)];
    });
    pane("line", [journal, came, detail.utterances], () => line(told, came));
    pane("order", detail.asked ?? null, () => detail.asked && part("Order", el("details", { id: "order" }, el("summary", {}, "What the client asked for"), el("pre", { tabindex: "0" }, long(JSON.stringify(detail.asked, null, 2))))));
  }

  const listen = paced(hear, APART_MS);
  look();
  listen();
  return {
    changed: (sessions, asked) => {
      if (sessions.has("*") || sessions.has(name)) look();
      if (asked.has("*") || asked.has(name)) listen();
    },
    close: () => { gone = true; leaving.abort(); audio?.close(); },
  };
}

// What is open, and has the focus, stays so.
function keeping(box, act) {
  const held = box.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...box.querySelectorAll("details[open]")].map((each) => each.id).filter(Boolean);
  act();
  for (const id of open) box.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
}

const part = (title, content) => el("section", { "aria-label": title }, el("h2", {}, title), content);

function facts(entry, { detail, files }) {
  const until = entry.ended_at ? (new Date(entry.ended_at) - new Date(entry.created_at)) / 1000 : null;
  const told = {
    Profile: entry.profile,
    About: entry.about,
    Created: moment(entry.created_at),
    Ended: entry.ended_at && `${moment(entry.ended_at)}, after ${lasting(until)}`,
    "Time is up": entry.due_at && moment(entry.due_at),
    Audio: files.length && `${files.length} ${files.length === 1 ? "file" : "files"}, ${size(entry.size)}`,
    "Heard by": entry.engine && ({ scripted: "nobody: the transcript is scripted", chosen: "nobody: the transcript was chosen" }[entry.engine] ?? entry.engine),
    Language: detail.language,
    User: detail.user_id ?? detail.owner,
    "End reason": detail.end_reason,
    "Goes on from": detail.previous_session_id && elsewhere(detail.previous_session_id),
    "Heard again by": detail.enhancement_job_id && elsewhere(detail.enhancement_job_id),
    Progress: detail.progress !== undefined && `${detail.progress} %, ${detail.stage}`,
  };
  return el("dl", { class: "facts" }, Object.entries(told).filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, el("bdi", {}, value)))));
}

const elsewhere = (id) => el("a", { href: `#/sessions/${encodeURIComponent(id)}` }, id);

function actions(latest, came, signal) {
  const { session: { session_id: id }, detail, files, stays_because: stays } = latest();
  const audio = async (file, at) => save(await download(`/sessions/${encodeURIComponent(id)}/audio/${at}`, file.size, { signal }), `${id}-${file.name}`);
  const all = [
    (detail.transcript || detail.text) && button("Transcript", () => saveText(detail.transcript ?? detail.text, `${id}.txt`)),
    detail.utterances?.length > 0 && button("Utterances", () => saveJson(latest().detail.utterances, `${id}-utterances.json`)),
    detail.results?.length > 0 && button("Notes", () => saveJson(Object.fromEntries(detail.results.map((each) => [each.id, each])), `${id}-notes.json`)),
    button("Journal", () => saveJson(latest().journal, `${id}-journal.json`)),
    came.exchanges.length > 0 && button("Traffic (HAR)", async () => saveJson(await ask(`/traffic?session=${encodeURIComponent(id)}`), `${id}.har`)),
    files.slice(0, 20).map((file, at) => button(`Audio ${at + 1}`, () => audio(file, at), { title: file.name })),
  ];
  const remove = button("Delete…", () => confirmed(id), { class: "danger", disabled: !!stays, title: stays });
  return el("div", { class: "actions", role: "group", "aria-label": "Downloads and removal" }, el("span", { class: "quiet" }, "Download"), all, remove);
}

function confirmed(id) {
  const dialog = el("dialog", { "aria-labelledby": "sure" },
    el("h2", { id: "sure" }, "Delete this session?"), el("p", {}, el("bdi", {}, id), " goes with its audio, results and journal, for good."),
    el("div", { class: "buttons" },
      button("Delete it", async () => {
        dialog.close();
        try {
          await ask(`/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
          tell("The session is deleted.");
          location.hash = "#/sessions";
        } catch (error) {
          tell(error.message, true);
        }
      }, { class: "danger" }),
      button("Keep it", () => dialog.close(), { autofocus: true })));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// What went wrong with the session itself, and what was lost without sinking it.
function trouble({ failure, error, losses = [] }) {
  if (!failure && !error && !losses?.length) return null;
  return el("section", { class: "trouble", "aria-label": "What went wrong" },
    failure && why({ code: failure.code, message: failure.message }),
    error && why({ message: error }),
    losses.map((loss) => why({ code: loss.type, message: `${loss.message}${loss.file ? ` (${loss.file})` : ""}` })));
}

// What a research session asked and found.
function findings({ prompt, summary, citations }) {
  if (prompt === undefined) return null;
  return [part("Question", el("p", {}, long(prompt))),
    summary !== undefined && part("Findings", el("p", {}, long(summary))),
    citations?.length > 0 && part("Citations", many(citations, (each) => el("li", { value: each.id }, el("q", {}, el("bdi", {}, each.quote)), ` – ${each.title}, ${each.place}`), { step: 20, what: "citations" }))];
}

// Draws requests and what happened in one order; what was chosen and unfolded stays so when it is drawn again.
function timeline() {
  const names = { steps: "What happened", said: "Utterances", asked: "Requests" };
  const kinds = Object.fromEntries(Object.keys(names).map((each) => [each, el("input", { type: "checkbox", id: each, checked: true })]));
  const check = el("p", { class: "check" });
  const box = el("div");
  let all = [];
  let list = null;
  const draw = () => {
    const shown = list?.shown ?? 0;
    list = many(all.filter(({ kind }) => kinds[kind].checked), render, { attributes: { class: "timeline" }, what: "lines" });
    list.reach(shown);
    fill(box, list);
  };
  for (const each of Object.values(kinds)) each.addEventListener("change", draw);
  return ({ detail, journal, lines }, { exchanges, more, why: missing }) => {
    const texts = new Map((detail.utterances ?? []).map((each) => [each.id, each.text]));
    const steps = journal.map((line) => ({ kind: line.kind === "utterance" ? "said" : "steps", at: line.at, line, text: texts.get(line.detail.number) }));
    all = [...steps, ...exchanges.map((each) => ({ kind: "asked", at: each.at, each }))].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    fill(check, Object.keys(names).filter((each) => each !== "said" || steps.some(({ kind }) => kind === "said")).map((each) => [kinds[each], el("label", { for: each }, names[each])]).flat());
    draw();
    const left = lines - journal.length;
    return part("Timeline", [check, left > 0 && el("p", { class: "quiet" }, `${left.toLocaleString("en")} earlier lines of the journal are not shown.`),
      more && el("p", { class: "quiet" }, "Earlier requests are not shown."), missing && el("p", { class: "quiet" }, missing), box]);
  };
}

function render({ line, each, kind, text }) {
  if (kind === "said") return el("li", { class: "step" }, el("time", { datetime: line.at, title: moment(line.at) }, timeOfDay(line.at)), " ", el("b", {}, label(line.kind)), " ", el("span", { class: "quiet" }, minute(line.detail.start)), text && [" ", el("q", {}, long(text, 200))]);
  if (each) return el("li", { class: "asked" }, exchange(each));
  const detail = Object.keys(line.detail).length > 0 && el("details", { id: `line-${line.number}` },
    el("summary", {}, el("span", { class: "quiet" }, short(line.detail))), el("pre", { tabindex: "0" }, long(JSON.stringify(line.detail, null, 2))));
  return el("li", { class: "step" }, el("time", { datetime: line.at, title: moment(line.at) }, timeOfDay(line.at)), " ", el("b", {}, label(line.kind)), " ", detail);
}

function short(detail) {
  const told = Object.entries(detail).map(([name, value]) => `${label(name)}: ${typeof value === "object" && value !== null ? JSON.stringify(value) : value}`).join(", ");
  return told.length > 120 ? `${told.slice(0, 119)}…` : told;
}
