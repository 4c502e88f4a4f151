import { connect, publish, type Message, type Connection } from "./holdline.mjs";
const one: Connection = connect("/", { channels: ["a"], transport: ["websocket", "poll"], token: async () => "t", since: null });
const off: () => void = one.on("message", ({ id, data, event }: Message) => console.log(id, data, event?.length));
one.on("state", ({ state, error, at }) => state === "closed" && console.log(error?.status, error?.code, error?.after?.toFixed(), at));
one.on("lost", ({ id }) => console.log(id.length));
const answer = await one.publish("a", "text", { event: "x" });
const receivers: number | null = answer.receivers;
await publish("https://push.example.com", "a", "text", { key: "k", token: "t" });
off();
one.close();
// @ts-expect-error: no such event
one.on("opened", () => {});
// @ts-expect-error: no such transport
connect("/", { transport: "carrier-pigeon" });
// @ts-expect-error: a text
one.publish("a", 7);
console.log(receivers);
