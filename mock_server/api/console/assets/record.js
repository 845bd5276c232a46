// A consultation of one's own: from the microphone or a file, sent as any client sends it, and watched from then on.

import { send } from "./api.js";
import { capture } from "./capture.js";
import { button, el, fill, tell } from "./dom.js";
import { lasting, size } from "./words.js";

const USUAL = ["soap", "medications"];
// An upload over a slow line lasts; it is given up when the page is left.
const UPLOAD_MS = 30 * 60_000;

export function record({ main, server }) {
  const offered = server.consulting;
  if (!offered) {
    fill(main, el("h1", { tabindex: "-1" }, "Record"), el("p", {}, "This server takes no audio: the profile medscribe is not served."));
    return {};
  }
  const leaving = new AbortController();
  let running = null;
  let begun = false;
  const templates = el("fieldset", {}, el("legend", {}, "Templates"), offered.templates.map((each) => el("div", { class: "check" },
    el("input", { type: "checkbox", id: `t-${each.id}`, value: each.id, checked: USUAL.includes(each.id) }),
    el("label", { for: `t-${each.id}` }, each.name, " ", el("span", { class: "quiet" }, each.description)))));
  const model = el("select", { id: "model" }, offered.models.map((name) => el("option", { value: name }, name)));
  const input = el("input", { type: "file", id: "audio", accept: "audio/*,video/webm,video/mp4", multiple: true, on: { change: () => take([...input.files]) } });
  const drop = el("div", { class: "drop" }, el("label", { for: "audio" }, "Drop audio here, or choose a file"), input);
  const speak = button("Record from the microphone", () => (running ? finish() : begin()), { class: "main", id: "speak" });
  const level = el("meter", { min: 0, max: 1, value: 0, "aria-label": "Loudness", hidden: true });
  const steps = el("ol", { class: "steps", "aria-label": "Progress" });
  fill(main, el("h1", { tabindex: "-1" }, "Record"),
    el("p", {}, server.engine === "scripted" ? "Nothing is heard on this server: known recordings get their own transcript, others a sentence that says so." : `Speech is heard by ${server.engine}.`),
    el("div", { class: "record" }, el("div", {}, templates, el("p", {}, el("label", { for: "model" }, "Model "), model)), el("div", {}, drop, el("p", {}, speak, " ", level), el("div", { role: "status" }, steps))));
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); drop.classList.remove("over"); take([...event.dataTransfer.files]); });

  function step(text) {
    const made = el("li", {}, text);
    steps.append(made);
    return made;
  }

  const ordered = () => [...templates.querySelectorAll("input:checked")].map((each) => each.value);
  const url = (path) => `${new URL(offered.base_url).pathname}${path}`;
  async function post(path, body, given = {}) {
    return (await send(url(path), { method: "POST", signal: leaving.signal, body, ...given })).json();
  }
  const json = (value) => [JSON.stringify(value), { headers: { "Content-Type": "application/json" } }];

  async function open(kind) {
    const asked = { templates: ordered(), model: model.value, upload_type: kind, communication_protocol: "http" };
    if (!asked.templates.length) throw new Error("Choose at least one template.");
    const made = await post("/sessions", ...json(asked));
    step(["Session ", el("a", { href: `#/sessions/${encodeURIComponent(made.session_id)}` }, made.session_id), " is open."]);
    return made.session_id;
  }

  // Where files have names they go in a form; where they are numbered, as they are and with their number.
  async function upload(session, blob, name, number) {
    const path = `/sessions/${encodeURIComponent(session)}/audio`;
    if (offered.numbered) {
      const headers = { "Content-Type": blob.type || "application/octet-stream", ...(number === null ? { "X-Upload-Type": "complete" } : { "X-Chunk-Index": String(number) }) };
      return post(path, blob, { headers, patience: UPLOAD_MS });
    }
    const form = new FormData();
    form.append("file", blob, name);
    return post(path, form, { patience: UPLOAD_MS });
  }

  async function end(session, files) {
    await post(`/sessions/${encodeURIComponent(session)}/end`, ...json({ audio_files_sent: files }));
    step("It is ended, and being processed.");
    location.hash = `#/sessions/${encodeURIComponent(session)}`;
  }

  async function guarded(act) {
    try {
      await act();
    } catch (error) {
      if (leaving.signal.aborted) return;
      step(error.message).className = "bad";
      tell(error.message, true);
    } finally {
      begun = false;
      if (!leaving.signal.aborted) speak.disabled = input.disabled = false;
    }
  }

  function take(files) {
    input.value = "";
    if (!files.length || begun) return;
    const large = files.find((file) => file.size > offered.upload_bytes);
    if (large) { tell(`${large.name} has ${size(large.size)}; ${size(offered.upload_bytes)} are taken.`, true); return; }
    begun = speak.disabled = input.disabled = true;
    fill(steps);
    guarded(async () => {
      const alone = files.length === 1;
      const session = await open(alone ? "single" : "chunked");
      for (const [at, file] of files.entries()) {
        const line = step([el("bdi", {}, file.name), `, ${size(file.size)}: on its way…`]);
        await upload(session, file, file.name, alone ? null : at);
        fill(line, el("bdi", {}, file.name), ", ", size(file.size), ": kept.");
      }
      await end(session, files.length);
    });
  }

  function begin() {
    if (begun) return;
    begun = input.disabled = true;
    fill(steps);
    guarded(async () => {
      const session = await open("chunked");
      const line = step("Listening…");
      let sent = 0;
      let seconds = 0;
      running = await capture({ chunkSeconds: Math.min(10, offered.chunk_seconds / 2), loud: (value) => { level.value = value; } });
      level.hidden = false;
      fill(speak, "Stop and process");
      leaving.signal.addEventListener("abort", () => running?.stop());
      for await (const chunk of running.chunks) {
        await upload(session, chunk.blob, `audio_${sent}.wav`, sent);
        sent += 1;
        seconds += chunk.seconds;
        fill(line, `${lasting(seconds)} in ${sent} ${sent === 1 ? "piece" : "pieces"} are kept.`);
      }
      if (!leaving.signal.aborted) await end(session, sent);
    }).finally(() => { running = null; level.hidden = true; fill(speak, "Record from the microphone"); });
  }

  function finish() {
    speak.disabled = true;
    running.stop();
  }

  return { close: () => leaving.abort() };
}
