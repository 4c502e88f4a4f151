// The tracker: everyone's position as `[id,lat,lon]` in the channel `tracker`, a
// row for each user.

import { element, find, setText, stateDisplay } from "./dom.js";
import { FREE, createSubscription } from "./subscription.js";
import { askForToken } from "./token.js";

/** A position is told again after this time (ms), for those who came later. */
const REPEAT = 10_000;
/** A row fades after this time without news (ms), and goes after the second. */
const STALE = 30_000;
const GONE = 300_000;
const MOST_ROWS = 100;

const ERRORS = {
  0: "Error 0, unknown: this browser has no geolocation here. It needs a device with a position and a secure page (HTTPS or localhost). “Simulate” works everywhere.",
  1: "Error 1, permission denied: you or the browser did not allow this page to know your position.",
  2: "Error 2, position unavailable: the device could not find out where it is.",
  3: "Error 3, timeout: the device took too long to find out where it is. It goes on trying.",
};

export function startTracker() {
  const rows = new Map();
  const body = find("#tracker tbody");
  const share = find("#tracker-share");
  const simulate = find("#tracker-simulate");
  const error = find("#tracker-error");
  const display = stateDisplay(find("#tracker-section"), find("#tracker-status"));
  const id = Math.random().toString(36).slice(2, 8);
  let watch = null;
  let walk = 0;
  let last = null;
  let telling = false;

  const subscription = createSubscription({ channels: "tracker", transport: FREE }, {
    state(state, detail) {
      display(state, detail);
      // The others may have missed where we are.
      if (state === "open") tell();
    },
    message: (message) => show(parse(message.data)),
  });

  async function tell(position = last) {
    last = position;
    // Where we were while there was no connection is of no interest.
    if (!last || telling) return;
    telling = true;
    try {
      await subscription.publish("tracker", JSON.stringify([id, ...last]));
    } catch (error) {
      if (error.status === 401) askForToken();
    }
    telling = false;
  }

  function show(position) {
    if (!position) return;
    const [who, latitude, longitude] = position;
    const known = rows.get(who);
    const item = known ?? { row: addRow(who), at: 0 };
    item.at = Date.now();
    rows.set(who, item);
    const [, lat, lon] = item.row.cells;
    setText(lat, latitude.toFixed(5));
    setText(lon, longitude.toFixed(5));
    if (rows.size > MOST_ROWS) remove(rows.keys().next().value);
    age();
  }

  function addRow(who) {
    const head = element("th", { scope: "row" }, who);
    if (who === id) head.append(element("span", { class: "you" }, "you"));
    const row = element("tr", { "data-id": who }, head, element("td"), element("td"), element("td"));
    body.append(row);
    return row;
  }

  function remove(who) {
    rows.get(who)?.row.remove();
    rows.delete(who);
  }

  function age() {
    for (const [who, { row, at }] of rows) {
      const time = Date.now() - at;
      setText(row.cells[3], time < 1500 ? "now" : `${Math.round(time / 1000)} s`);
      row.classList.toggle("stale", time > STALE);
      if (time > GONE) remove(who);
    }
    find("#tracker-empty").hidden = rows.size > 0;
  }

  function fail(code) {
    error.dataset.code = code;
    setText(error, ERRORS[code] ?? ERRORS[0]);
    error.hidden = false;
  }

  function stopSharing() {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    clearInterval(walk);
    watch = null;
    walk = 0;
    last = null;
    showButtons();
  }

  function showButtons() {
    setText(share, watch === null ? "Share my position" : "Stop sharing");
    setText(simulate, walk ? "Stop the walk" : "Simulate");
    share.setAttribute("aria-pressed", watch !== null);
    simulate.setAttribute("aria-pressed", walk !== 0);
  }

  share.addEventListener("click", () => {
    const sharing = watch !== null;
    stopSharing();
    error.hidden = true;
    if (sharing) return;
    if (!("geolocation" in navigator) || !isSecureContext) return fail(0);
    watch = navigator.geolocation.watchPosition(
      ({ coords }) => {
        error.hidden = true;
        tell([coords.latitude, coords.longitude]);
      },
      ({ code }) => {
        // Without permission nothing more will come; after the others it may.
        if (code === 1) stopSharing();
        fail(code);
      },
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 5_000 },
    );
    showButtons();
  });

  simulate.addEventListener("click", () => {
    const walking = walk !== 0;
    stopSharing();
    error.hidden = true;
    if (walking) return;
    // A walk from somewhere in the gardens of Greenwich.
    let place = [51.4769 + (Math.random() - 0.5) / 200, -0.0005 + (Math.random() - 0.5) / 200];
    let heading = Math.random() * 2 * Math.PI;
    const stride = () => {
      heading += (Math.random() - 0.5) / 2;
      place = [place[0] + Math.cos(heading) / 50_000, place[1] + Math.sin(heading) / 50_000];
      tell(place.map((value) => Number(value.toFixed(6))));
    };
    stride();
    walk = setInterval(stride, 1_000);
    showButtons();
  });

  setInterval(age, 1_000);
  setInterval(() => watch !== null && tell(), REPEAT);
  subscription.start();
}

/** `[id, lat, lon]`, when the data is that. */
function parse(data) {
  try {
    const [id, lat, lon] = JSON.parse(data);
    const known = typeof id === "string" || Number.isFinite(id);
    const onEarth = Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
    const numbers = Number.isFinite(lat) && Number.isFinite(lon);
    return known && numbers && onEarth ? [String(id).slice(0, 40), lat, lon] : null;
  } catch {
    return null;
  }
}
