export * from "./holdline.js";
