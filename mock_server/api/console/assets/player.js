// The audio of a session: played from memory, with its waveform, in which a click goes to that moment.

import { download } from "./api.js";
import { button, el, fill } from "./dom.js";
import { lasting, size } from "./words.js";

// What is loaded without being asked for, and what is still drawn: decoded sound takes many times its bytes.
const AT_ONCE = 8 * 1024 * 1024;
const DRAWN = 32 * 1024 * 1024;
const RATE = 8000;
const STEP_S = 5;

export function player(session, files, signal) {
  const audio = el("audio", { controls: true, preload: "metadata" });
  const canvas = el("canvas", { class: "wave", width: 1200, height: 96, role: "slider", tabindex: "0", "aria-label": "Position in the recording", "aria-valuemin": "0", "aria-valuenow": "0", hidden: true });
  const told = el("p", { class: "quiet", role: "status" });
  const choice = el("select", { id: "file" }, files.map((file, at) => el("option", { value: at }, `${at + 1}. ${file.name.slice(0, 80)} (${size(file.size)})`)));
  const frame = el("div", { class: "player" }, files.length > 1 && el("p", {}, el("label", { for: "file" }, "File "), choice), canvas, audio, told);
  let url = "";
  let peaks = null;
  let stop = new AbortController();

  async function load(at) {
    stop.abort();
    stop = new AbortController();
    const own = AbortSignal.any([signal, stop.signal]);
    const file = files[at];
    try {
      const blob = await download(`/sessions/${encodeURIComponent(session)}/audio/${at}`, file.size, { signal: own, told: (part) => fill(told, part < 1 ? `Loading, ${Math.round(100 * part)} %` : "") });
      URL.revokeObjectURL(url);
      url = URL.createObjectURL(blob);
      audio.src = url;
      await draw(blob, own);
    } catch (error) {
      if (!own.aborted) fill(told, error.message);
    }
  }

  async function draw(blob, own) {
    peaks = null;
    canvas.hidden = true;
    if (blob.size > DRAWN) { fill(told, "The recording is too long to be drawn."); return; }
    try {
      const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await blob.arrayBuffer());
      if (own.aborted) return;
      peaks = measured(sound, canvas.width);
      canvas.hidden = false;
      canvas.setAttribute("aria-valuemax", sound.duration.toFixed(1));
      fill(told, `${lasting(sound.duration)}, ${sound.numberOfChannels} ${sound.numberOfChannels === 1 ? "channel" : "channels"}`);
      paint();
    } catch {
      if (!own.aborted) fill(told, "A browser cannot decode this file by itself; a piece of a recording needs the pieces before it.");
    }
  }

  function paint() {
    if (!peaks) return;
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    const style = getComputedStyle(canvas);
    const length = Number(canvas.getAttribute("aria-valuemax")) || 1;
    const played = (audio.currentTime / length) * width;
    pen.clearRect(0, 0, width, height);
    peaks.forEach((peak, at) => {
      pen.fillStyle = at < played ? style.caretColor : style.color;
      const tall = Math.max(1, peak * height);
      pen.fillRect(at, (height - tall) / 2, 1, tall);
    });
    canvas.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
    canvas.setAttribute("aria-valuetext", `${lasting(audio.currentTime)} of ${lasting(length)}`);
  }

  const seek = (seconds) => { audio.currentTime = Math.max(0, Math.min(seconds, Number(canvas.getAttribute("aria-valuemax")))); paint(); };
  canvas.addEventListener("click", (event) => { const box = canvas.getBoundingClientRect(); seek(((event.clientX - box.left) / box.width) * Number(canvas.getAttribute("aria-valuemax"))); });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP_S, ArrowRight: STEP_S, PageDown: -6 * STEP_S, PageUp: 6 * STEP_S }[event.key];
    if (step) seek(audio.currentTime + step);
    else if (event.key === "Home") seek(0);
    else if (event.key === "End") seek(Infinity);
    else if (event.key === " ") { if (audio.paused) audio.play(); else audio.pause(); }
    else return;
    event.preventDefault();
  });
  audio.addEventListener("timeupdate", paint);
  audio.addEventListener("seeked", paint);
  choice.addEventListener("change", () => load(Number(choice.value)));
  if (files[0].size <= AT_ONCE) load(0);
  else fill(told, button(`Load ${size(files[0].size)} of audio`, () => load(0)));
  return { element: frame, seek, close: () => { stop.abort(); audio.pause(); audio.removeAttribute("src"); URL.revokeObjectURL(url); } };
}

// How loud each column of the picture is, all channels together, the loudest reaching the edge.
function measured(sound, columns) {
  const found = new Float32Array(columns);
  const each = Math.max(1, Math.floor(sound.length / columns));
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const data = sound.getChannelData(channel);
    for (let at = 0; at < columns; at++) {
      for (let sample = at * each, end = Math.min(sample + each, data.length); sample < end; sample++) found[at] = Math.max(found[at], Math.abs(data[sample]));
    }
  }
  const most = Math.max(...found, 0.01);
  return Array.from(found, (peak) => peak / most);
}
