// Requests to the server this page is from. The key is a header, kept by the tab and by nothing else.

const KEPT = "scribe-console-key";
const PATIENCE_MS = 20_000;
const PIECE = 2 * 1024 * 1024;

export const root = location.pathname.replace(/\/console\/?$/, "");
export const control = `${root}/_mock/v1`;

export class Refused extends Error {
  constructor(status, code, message, field) {
    super(message);
    Object.assign(this, { status, code, field });
  }
}

export const key = () => sessionStorage.getItem(KEPT);
export const keep = (text) => sessionStorage.setItem(KEPT, text);
export function forget(because = "") {
  sessionStorage.removeItem(KEPT);
  dispatchEvent(new CustomEvent("locked", { detail: because }));
}

export async function send(path, { headers = {}, as = key(), patience = PATIENCE_MS, signal, ...given } = {}) {
  const signals = [signal, patience && AbortSignal.timeout(patience)].filter(Boolean);
  let answer;
  try {
    answer = await fetch(path, {
      cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer", redirect: "error", ...given,
      headers: { ...headers, "X-API-Key": as ?? "" }, signal: AbortSignal.any(signals),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "unreachable", "The server cannot be reached.");
  }
  if (answer.ok) return answer;
  const told = await answer.json().then((body) => body.error, () => null);
  const found = typeof told === "object" && told ? told : {};
  const refused = new Refused(answer.status, found.code ?? "", found.message ?? `The server answered ${answer.status}.`, found.details?.field);
  if (answer.status === 401 && as === key()) forget(refused.message);
  throw refused;
}

export const ask = async (path, given) => (await send(`${control}${path}`, given)).json();

export function order(path, body, method = "POST") {
  return ask(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

// A file, in ranges: what is long comes bit by bit, and `told` hears how far it is.
export async function download(path, size, { told = () => {}, signal } = {}) {
  const pieces = [];
  let type = "";
  for (let at = 0; at < size; at += PIECE) {
    const headers = { Range: `bytes=${at}-${Math.min(size, at + PIECE) - 1}` };
    const answer = await send(`${control}${path}`, { headers, signal });
    type = answer.headers.get("content-type");
    pieces.push(await answer.blob());
    told(Math.min(1, (at + PIECE) / size));
  }
  return new Blob(pieces, { type });
}

export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name.replace(/[^A-Za-z0-9._-]+/g, "_").slice(-100);
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const saveText = (text, name, type = "text/plain") => save(new Blob([text], { type }), name);
export const saveJson = (value, name) => saveText(JSON.stringify(value, null, 2), name, "application/json");
