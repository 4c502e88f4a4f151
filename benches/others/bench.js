// Times Node's libraries: what bench.py says holds here too.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";

const BLOCK = 64 << 10;

/** As `Digest` in case.rs: FNV-1a of the bytes and of where items end. */
class Digest {
  items = 0;
  bytes = 0;
  hash = 0xcbf29ce484222325n;

  #mix(value) {
    this.hash = BigInt.asUintN(64, (this.hash ^ BigInt(value)) * 0x100000001b3n);
  }

  item(...parts) {
    for (const part of parts.map((part) => Buffer.from(part))) {
      this.bytes += part.length;
      for (const byte of part) this.#mix(byte);
    }
    this.items += 1;
    this.#mix(0x100 + this.bytes);
  }
}

/** Takes what came out, and does nothing with it. */
const tally = { item() {} };

/** As a socket would give it. The receiver unmasks in place, so it gets a copy. */
function blocks(data, size) {
  const blocks = [];
  for (let start = 0; start < data.length; start += size) {
    blocks.push(Buffer.from(data.subarray(start, start + size)));
  }
  return blocks;
}

function websocket({ Receiver }, data, sink) {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: true, maxPayload: 2 << 20, allowSynchronousEvents: true });
    receiver.on("message", (message) => sink.item(message));
    receiver.on("error", reject);
    receiver.on("finish", resolve);
    for (const block of blocks(data, BLOCK)) receiver.write(block);
    receiver.end();
  });
}

function eventSource({ createParser }, data, sink) {
  const parser = createParser({
    onEvent: ({ event, id, data }) => sink.item(event ?? "message", id ?? "", data),
  });
  const decoder = new TextDecoder();
  for (const block of blocks(data, 16 << 10)) parser.feed(decoder.decode(block, { stream: true }));
}

const LIBRARIES = {
  WebSocket: ["ws", websocket],
  SSE: ["eventsource-parser", eventSource],
};

/** The library and its version, or nothing if it is not installed. */
async function load(library) {
  try {
    const path = createRequire(import.meta.url).resolve(library);
    const folder = path.slice(0, path.lastIndexOf(`node_modules/${library}/`));
    const about = readFileSync(join(folder, "node_modules", library, "package.json"), "utf8");
    return [await import(library), JSON.parse(about).version];
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") throw error;
    console.error(`${library} (Node) is not installed, and left out`);
  }
}

const folder = process.argv[2];
const cases = readFileSync(join(folder, "cases"), "utf8").trim().split("\n");
for (const [name, count, file] of cases.map((line) => line.split("\t"))) {
  const [library, run] = LIBRARIES[name.split(" ")[0]] ?? [];
  const loaded = library && (await load(library));
  if (!loaded) continue;
  const [module, version] = loaded;
  const data = readFileSync(join(folder, file));
  const digest = new Digest();
  await run(module, data, digest);
  const rounds = [];
  for (let round = 0; round < 15; round += 1) {
    const start = process.hrtime.bigint();
    await run(module, data, tally);
    rounds.push(Number(process.hrtime.bigint() - start));
  }
  const median = rounds.sort((a, b) => a - b)[7] / Number(count);
  const about = `${library} ${version}, Node ${process.versions.node}`;
  console.log([name, about, median, digest.items, digest.bytes, digest.hash.toString(16)].join("\t"));
}
