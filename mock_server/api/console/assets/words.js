// Times, sizes and states in words.

import { el } from "./dom.js";

export const moment = (stamp) => (stamp ? new Date(stamp).toISOString().slice(0, 19).replace("T", " ") : "");
export const timeOfDay = (stamp) => new Date(stamp).toISOString().slice(11, 23);

export function lasting(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}

// A place in a recording.
export const minute = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, step] = bytes < 1e6 ? ["kB", 1e3] : bytes < 1e9 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / step).toFixed(bytes / step < 10 ? 1 : 0)} ${unit}`;
}

const TONES = {
  good: ["completed", "ended"],
  bad: ["failed", "expired", "timeout", "cancelled"],
  warn: ["partial", "paused"],
  busy: ["processing", "running", "initializing", "recording", "open"],
};

export function badge(state) {
  const tone = Object.keys(TONES).find((name) => TONES[name].includes(state)) ?? "calm";
  return el("span", { class: `badge ${tone}` }, state);
}

export const label = (name) => name.replaceAll("_", " ");
