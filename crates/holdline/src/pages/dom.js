// Small helpers for the document. Text only ever enters it as text.

export const find = (selector, root = document) => root.querySelector(selector);

/** An element with its attributes and children. */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Sets the text only where it changes, so that nothing is painted for nothing. */
export function setText(node, text) {
  const value = String(text);
  if (node.textContent !== value) node.textContent = value;
}

/** Keeps a scrolling list at its end, unless the reader scrolled away from it. */
export function appendToLog(list, items, most) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  list.append(...items);
  while (list.childElementCount > most) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

export function formatBytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${(count / 1000).toFixed(count < 9_950 ? 1 : 0)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

export function formatDelay(time) {
  if (time < 9.95) return `${time.toFixed(1)} ms`;
  return time < 999.5 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`;
}

/** Gives a function that shows a subscriber's state in a section and in words. */
export function stateDisplay(section, words) {
  let timer = 0;
  return (state, detail = {}) => {
    const show = () => setText(words, describeState(state, detail));
    clearInterval(timer);
    section.dataset.state = state;
    show();
    if (state === "retrying") timer = setInterval(show, 500);
  };
}

function describeState(state, detail) {
  if (state === "connecting") return "connecting";
  if (state === "open") return "open";
  if (state === "retrying") {
    const seconds = Math.max(0, Math.ceil((detail.at - Date.now()) / 1000));
    const why = detail.error?.message;
    return `retrying in ${seconds} s${why ? `: ${why}` : ""}`;
  }
  if (state === "closed") return `refused: ${detail.error.message}`;
  return detail.elsewhere ? "in another tab" : "paused";
}

/** A value that survives the page, where the browser allows it. */
export const memory = {
  read(key) {
    try {
      return localStorage.getItem(`holdline.${key}`);
    } catch {
      return null;
    }
  },
  write(key, value) {
    try {
      localStorage.setItem(`holdline.${key}`, value);
    } catch {
      // Storage may be forbidden; then the value lives as long as the page.
    }
  },
};
