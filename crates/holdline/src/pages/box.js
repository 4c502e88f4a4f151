// The moving box: the server's random walk on the channel `box`, carried by the
// SSE panel's connection.

import { find, setText, stateDisplay } from "./dom.js";
import { askForToken, publishToken } from "./token.js";

const WIDTH = 800;
const HEIGHT = 600;
/** The side of the box; its place is its upper left corner. */
const SIDE = 40;
const TRAIL = 24;
/** How long a cut lasts, in ms. */
const CUT = 5_000;
/** Steps that follow one another faster than this (ms) after a cut are replayed. */
const BURST = 40;
const SVG = "http://www.w3.org/2000/svg";

/** Returns what the SSE panel calls: `state`, `message`, `lost`; `connect` gives the panel. */
export function startBox() {
  const section = find("#moving-box");
  const box = find("#box");
  const trail = find("#trail");
  const display = stateDisplay(section, find("#box-status"));
  const report = find("#box-report");
  const cut = find("#box-cut");
  const path = [];
  let steps = 0;
  let panel = null;
  let drawing = 0;
  // After a cut, until the first pause: how many steps were caught up.
  let catchingUp = null;

  function settle() {
    if (!catchingUp) return;
    const { replayed, lost } = catchingUp;
    catchingUp = null;
    const words = replayed === 1 ? "1 step" : `${replayed} steps`;
    setText(report, lost ? "Back: the server no longer had all the steps."
      : `Back after the cut: ${words} replayed from the last event ID, none lost.`);
    report.dataset.replayed = replayed;
  }

  function move({ x, y }) {
    const place = (value, most) => Math.min(most - SIDE, Math.max(0, value));
    const [left, top] = [place(x, WIDTH), place(y, HEIGHT)];
    box.dataset.x = x;
    box.dataset.y = y;
    box.style.transform = `translate(${left}px, ${top}px)`;
    setText(find("#box-place"), `${Math.round(x)}, ${Math.round(y)}`);
    setText(find("#box-steps"), (steps += 1));
    path.push([left + SIDE / 2, top + SIDE / 2]);
    if (path.length > TRAIL) path.shift();
    // A replay moves the box many times before the next picture.
    drawing ||= setTimeout(drawTrail, 16);
  }

  function drawTrail() {
    drawing = 0;
    const lines = path.slice(1).map(([x2, y2], index) => {
      const [x1, y1] = path[index];
      const line = document.createElementNS(SVG, "line");
      for (const [key, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(key, value);
      line.setAttribute("opacity", ((index + 1) / path.length).toFixed(2));
      return line;
    });
    trail.replaceChildren(...lines);
  }

  cut.addEventListener("click", () => {
    catchingUp = { replayed: 0, lost: false, timer: 0 };
    setText(report, "Cut. The server walks on; this page misses the steps for 5 s.");
    delete report.dataset.replayed;
    panel.cut(CUT);
  });

  for (const input of document.querySelectorAll('input[name="tick"]')) {
    input.addEventListener("change", async () => {
      try {
        const token = publishToken();
        const headers = token ? { Authorization: `Bearer ${token}` } : {};
        const response = await fetch(`/demo/box?tick=${input.value}`, { method: "POST", headers });
        if (response.status === 401) {
          askForToken();
          return setText(report, "Changing the speed needs a token here. Enter it at the top of the page.");
        }
        if (!response.ok) throw new Error();
        setText(report, `The server now takes a step every ${input.value} ms, for everyone who looks.`);
      } catch {
        setText(report, "The speed could not be changed.");
      }
    });
  }

  // Another visitor may have chosen another speed.
  async function showSpeed() {
    try {
      const { tick } = await (await fetch("/demo/box", { cache: "no-store" })).json();
      const input = find(`input[name="tick"][value="${Number(tick)}"]`);
      if (input) input.checked = true;
    } catch {
      // Then the choice shows what was chosen last.
    }
  }
  showSpeed();

  return {
    connect: (value) => (panel = value),
    state(state, detail) {
      display(state, detail);
      cut.disabled = state !== "open";
      if (state === "open" && catchingUp) catchingUp.timer = setTimeout(settle, BURST * 5);
      if (state === "paused") catchingUp = null;
    },
    message(message) {
      if (catchingUp) {
        clearTimeout(catchingUp.timer);
        catchingUp.replayed += 1;
        catchingUp.timer = setTimeout(settle, BURST);
      }
      const place = parse(message.data);
      if (place) move(place);
    },
    lost() {
      if (catchingUp) catchingUp.lost = true;
      else setText(report, "The server no longer had all the steps since the last event ID.");
    },
  };
}

function parse(data) {
  try {
    const { x, y } = JSON.parse(data);
    return Number.isFinite(x) && Number.isFinite(y) ? { x, y } : null;
  } catch {
    return null;
  }
}
