// What happens on the server, as it happens: a stream of events, and a look every five seconds while there is none.

import { control, key, Refused, send } from "./api.js";

const POLL_MS = 5000;
const AGAIN_MS = [500, 1000, 2000, 3000];
// The server says something every fifteen seconds.
const SILENT_MS = 40_000;

export class Live extends EventTarget {
  #last = null;
  #failed = 0;
  #stopping = new AbortController();
  #poll = 0;

  start() {
    this.#run();
    return this;
  }

  stop() {
    this.#stopping.abort();
    clearInterval(this.#poll);
  }

  async #run() {
    while (!this.#stopping.signal.aborted && key()) {
      try {
        await this.#read();
      } catch (error) {
        if (this.#stopping.signal.aborted || (error instanceof Refused && error.status === 401)) return;
        if (error instanceof Refused && error.status === 400) this.#last = null;
        this.#fall(error);
      }
      await new Promise((done) => setTimeout(done, AGAIN_MS[Math.min(this.#failed++, AGAIN_MS.length - 1)]));
    }
  }

  // Without a stream the page looks by itself, and says whether the server is there at all.
  #fall(error) {
    this.#say(error instanceof Refused && error.status === 0 ? "away" : "polling");
    this.#poll ||= setInterval(() => this.#tell(["*"]), POLL_MS);
  }

  async #read() {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), SILENT_MS);
    const signal = AbortSignal.any([this.#stopping.signal, quiet.signal]);
    const headers = this.#last === null ? {} : { "Last-Event-ID": this.#last };
    const answer = await send(`${control}/events`, { headers, patience: 0, signal });
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream ended");
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), SILENT_MS);
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      this.#take(blocks.map(parsed).filter((event) => event.event));
    }
  }

  #take(events) {
    for (const event of events) this.#last = event.id ?? this.#last;
    if (events.some((event) => event.event === "ready")) {
      clearInterval(this.#poll);
      this.#poll = this.#failed = 0;
      this.#say("live");
      this.#tell(["*"]);
    }
    const told = events.map((event) => [event.event, JSON.parse(event.data)]);
    const changed = told.filter(([name]) => name === "change" || name === "reset").map(([name, data]) => (name === "reset" ? "*" : data.session_id));
    const asked = told.filter(([name]) => name === "requests").flatMap(([, data]) => data.sessions);
    if (changed.length || asked.length) this.#tell(changed, asked);
  }

  #say(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  // The sessions that have changed, and those that requests were about; "*" stands for all.
  #tell(changed, asked = changed) {
    this.dispatchEvent(new CustomEvent("change", { detail: { changed, asked } }));
  }
}

// Does something soon, and again only after a while, however often it is called.
export function paced(act, apart) {
  let timer = 0;
  let last = -apart;
  return () => {
    timer ||= setTimeout(() => { timer = 0; last = performance.now(); act(); }, Math.max(0, last + apart - performance.now()));
  };
}

function parsed(block) {
  const found = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).trimStart();
  }
  return found;
}
