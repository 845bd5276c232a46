// Elements of the page. Text only ever becomes text nodes, so that nothing a client sent is taken for markup.

// Control characters, and marks that turn the direction of what follows them: shown by number, so that no name poses as another.
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function plain(text) {
  return String(text).replace(HIDDEN, (mark) => `⟨U+${mark.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (key.startsWith("on")) throw new Error(`${key} is no attribute here`);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  return fill(made, ...children);
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(plain(child)))));
  return element;
}

export function button(text, act, attributes = {}) {
  return el("button", { type: "button", ...attributes, on: { click: act } }, text);
}

// A text in its own direction, by its beginning where it is long.
export function long(text, most = 4000) {
  const box = el("bdi", { class: "long" });
  const show = (end) => {
    const rest = text.length - end;
    fill(box, text.slice(0, end), rest > 0 && button(`… ${rest.toLocaleString("en")} more characters`, () => show(end + 20 * most)));
  };
  show(most);
  return box;
}

// A list by its first items; `reach` shows it up to one of them. Ten thousand lines are ten thousand elements otherwise.
export function many(items, render, { tag = "ol", step = 100, attributes = {}, what = "lines" } = {}) {
  const list = el(tag, attributes);
  const more = el("div", { class: "more" });
  const box = el("div", {}, list, more);
  let shown = 0;
  Object.defineProperty(box, "shown", { get: () => shown });
  box.reach = (end) => {
    while (shown < Math.min(end, items.length)) list.append(render(items[shown], shown++));
    const left = items.length - shown;
    fill(more, left > 0 && button(`Show ${Math.min(step, left)} more of ${left.toLocaleString("en")} ${what}`, () => box.reach(shown + step)));
  };
  box.reach(step);
  return box;
}

let telling = 0;
// Says something once, to those who hear the page and, unless it is `unseen`, to those who see it.
export function tell(text, bad = false, unseen = false) {
  const told = document.getElementById("told");
  clearTimeout(telling);
  told.className = [bad && "bad", unseen && "unseen"].filter(Boolean).join(" ");
  fill(told, text);
  telling = setTimeout(() => fill(told), 8000);
}
