// The client of Holdline as a module. All is in holdline.js, so that a page has it once.
import "./holdline.js";

export const { connect, publish, transports } = globalThis.holdline;
