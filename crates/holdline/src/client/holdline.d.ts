// The types of holdline.js, which as a script sets `holdline`, and of holdline.mjs.

export as namespace holdline;

/** Subscribes. `url` is where the server is: `"/"`, or `"https://push.example.com"`. */
export function connect(url: string | URL, options?: Options): Connection;

/**
 * Publishes a text to a channel, once, however often that must be tried. It is tried for 90 seconds; what the
 * server refuses is not tried again. Rejects with a {@link Failure}.
 */
export function publish(url: string | URL, channel: string, data: string, options?: PublishOptions): Promise<Published>;

/** How to receive, by name. holdline-comet.js adds `xhr-stream`, `jsonp` and `iframe`. */
export const transports: Record<string, { works(): boolean; open(link: any): unknown; blind?: boolean }>;

export type TransportName =
  | "websocket" | "sse" | "fetch-stream" | "long-poll" | "poll"
  | "xhr-stream" | "jsonp" | "iframe";

/** A token, or a function that is asked for one before each connection, and when one has run out. */
export type Token = string | ((again?: boolean) => string | undefined | Promise<string | undefined>);

export interface Options {
  /** The channels to receive. None: only to publish. */
  channels?: string | readonly string[];
  /**
   * `auto` takes the first that gets through of websocket, sse, fetch-stream and long-poll, another when somebody on
   * the way refuses, holds back or cuts, and a better one when it works again. A list does the same with what it names.
   */
  transport?: "auto" | TransportName | readonly TransportName[];
  /** A cursor to go on after, or `"earliest"`; from now on without it. */
  since?: string | null;
  token?: Token;
  /** The name under which others see this member, for servers without tokens. */
  name?: string;
  /** Be told who is there: the events `members`, `join` and `leave`. */
  presence?: boolean;
  /** More for the query of each request, such as what a proxy looks at. */
  query?: Record<string, string>;
  /** Whether cookies go to another origin, as for `fetch`. */
  credentials?: "omit" | "same-origin" | "include";
  times?: {
    /** A connection without a sign of life for this long (ms) is given up: more than twice the server's `--heartbeat`. 40000. */
    silence?: number;
    /** How long a connection may take to open (ms). 5000. */
    opening?: number;
    /** How long it stays with a lesser transport before it looks for a better one (ms), doubling. 30000. */
    climb?: number;
  };
}

export interface PublishOptions {
  /** The type of the event. */
  event?: string;
  /** The `Idempotency-Key`: the same key again publishes nothing. A random one without it. */
  key?: string;
  token?: Token;
  credentials?: "omit" | "same-origin" | "include";
  /** Gives up. Whether it was published is then not known. */
  signal?: AbortSignal;
}

export interface Published {
  /** The cursor of the message. */
  id: string;
  /** How many receive it now; `null` if that is not known. */
  receivers: number | null;
  /** It had been published before, under the same key. */
  repeated?: boolean;
}

export interface Message {
  /** The cursor of the message: `since` for whoever has handled it. */
  id: string;
  channel: string;
  /** Its type, if it has one. */
  event?: string;
  data: string;
}

export type State = "connecting" | "open" | "retrying" | "paused" | "closed";

export interface StateChange {
  state: State;
  /** The transport of the present connection, or of the one that is being made. */
  transport: TransportName | null;
  /** Why it is retrying or closed. Closed without it: you closed it. */
  error?: Failure;
  /** When it tries again, in ms since 1970. */
  at?: number;
}

export interface Failure extends Error {
  /** Of the answer, if there was one. */
  status?: number;
  /** What the server calls it (`bad_cursor`, `unauthorized`); `unknown_outcome` when publishing was given up. */
  code?: string;
  /** In how many ms the server wants to be asked again (`Retry-After`), if it says so: who is too fast is told (429). */
  after?: number;
}

export interface Events {
  message: Message;
  /** Messages before `id` are gone for good. */
  lost: { id: string };
  state: StateChange;
  /** Who is there, who came and who went: the server's own messages. */
  members: Message;
  join: Message;
  leave: Message;
  /** What it costs: requests, bytes of bodies and messages, and whether a request is open. */
  traffic: { requests?: number; bytes?: number; busy?: boolean };
}

export interface Connection {
  /** Listens, until the function that it returns is called. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => void): () => void;
  /** As the function {@link publish}, with this connection's token. One after the other, so that they stay in order. */
  publish(channel: string, data: string, options?: PublishOptions): Promise<Published>;
  /** Ends it for good. What is being published is given up. */
  close(): void;
  readonly state: State;
  readonly transport: TransportName | null;
  /** After this message another connection would go on. */
  readonly cursor: string | null;
}
