// A transcript by its speakers, in which a sentence can be pointed at.

import { button, el, fill, many, long } from "./dom.js";
import { minute } from "./words.js";

const STEP = 200;

// `seek` goes to a second of the recording, where a turn says when it was said.
export function transcript(turns, seek = null) {
  const shown = [];
  const speakers = [...new Set(turns.map((turn) => turn.speaker))];
  const list = many(turns, (turn, at) => {
    const text = el("p", {}, long(turn.text));
    shown[at] = text;
    const who = turn.speaker ?? (speakers.length > 1 ? "?" : null);
    const from = turn.start !== undefined && (seek ? button(minute(turn.start), () => seek(turn.start), { class: "at", "aria-label": `Go to ${minute(turn.start)}` }) : el("span", { class: "at" }, minute(turn.start)));
    return el("li", { class: `turn voice${speakers.indexOf(turn.speaker) % 4}` }, from, who && el("b", { class: "speaker" }, el("bdi", {}, who)), text);
  }, { step: STEP, attributes: { class: "transcript" }, what: "turns" });
  let marked = null;
  let held = false;

  function clear() {
    if (marked !== null) fill(shown[marked], long(turns[marked].text));
    marked = null;
  }

  // Points at the sentence of a source; where it is `kept`, until another one is asked for, and brings it into view.
  function point(source, kept = false) {
    if (held && !kept) return false;
    clear();
    held = kept;
    const turn = turns[source.turn];
    const at = turn ? turn.text.indexOf(source.sentence) : -1;
    if (at < 0) { held = false; return false; }
    list.reach(source.turn + 1);
    const end = at + source.sentence.length;
    const mark = el("mark", {}, source.sentence);
    marked = source.turn;
    const around = 4000;
    fill(shown[marked], el("bdi", {}, at > around && "… ", turn.text.slice(Math.max(0, at - around), at), mark, turn.text.slice(end, end + around), turn.text.length > end + around && " …"));
    if (kept) mark.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    return true;
  }

  return { element: el("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": "Transcript text" }, list), point, leave: () => { if (!held) clear(); } };
}
