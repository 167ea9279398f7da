import type { WireError } from "./errors.ts";
import type { Capability, Limits } from "./limits.ts";
import type { Peer } from "./subjects.ts";

/** Values up to this travel inside messages, larger ones from who holds them to who needs them. */
export const inlineBytes = 8 * 1024;

/** One call of a kernel, as it goes to a host. */
export type Task = {
  id: string;
  /** The module's sha-256, in hex. */
  module: string;
  /** The name of the function in the module. */
  kernel: string;
  args: Arg[];
  /** What differs from the defaults of these. */
  limits?: Partial<Limits>;
  /** What the kernel may use. Default: `defaultGrant`. */
  grant?: Capability[];
  /** Of its random numbers. Default: its id. */
  seed?: string;
  /** What the clock is to say, reading by reading, when the task is a replay. */
  clock?: number[];
  /** How many tasks it is nested in: 0, or missing, for the task of a client. */
  depth?: number;
  /** What it takes of its host. Default: one cpu. */
  need?: Resources;
  /** The higher, the sooner. Default 0. */
  priority?: number;
  /** For how long from now its owner wants it, unless it has begun, in ms. */
  ttlMs?: number;
  /** How long from now it has to be done, with all that it submits, in ms. */
  leftMs?: number;
  /** The bundle of a placement group that it runs in. */
  bundle?: BundleName;
  /** How many hosts have given it back because they were full. */
  hops?: number;
};

/** Amounts by name. */
export type Resources = Readonly<Record<string, number>>;

/** One of the parts of a placement group. */
export type BundleName = { group: string; index: number };

/** An encoded value, or an object to be fetched from one of the peers that hold it. */
export type Arg = Uint8Array | RefArg;
export type RefArg = { ref: string; at: Peer[] };

export const isRefArg = (arg: Arg): arg is RefArg => !(arg instanceof Uint8Array);

/** How a task ended on a host. */
export type Outcome =
  | { kind: "value"; value: Uint8Array; clock?: number[] }
  /** The value was too large to travel; the host keeps it under the task's id. */
  | { kind: "stored"; bytes: number; clock?: number[] }
  | { kind: "error"; error: WireError }
  /** The host did not finish it: place it elsewhere. */
  | Returned;

/** Why a host gives back a task: it leaves, or it has too much to do, or another one, which it names, has nothing. */
export type Returned = { kind: "returned"; isFull?: true; to?: string };

/** How much a host has to do. */
export type Load = {
  queued: number;
  running: number;
  /** How long what is queued is thought to take, in ms of the whole host. */
  waitMs: number;
};

/** What a client sends to a host. */
export type ToHost =
  | { kind: "task"; task: Task }
  /** The owner lets go of these objects. */
  | { kind: "release"; ids: string[] }
  /** These tasks are to end, wherever they are; nobody waits for their results. */
  | { kind: "cancel"; ids: string[] }
  /** The client leaves: forget its tasks and objects. */
  | { kind: "bye" };

/** What a host sends to a client. */
export type ToClient =
  | { kind: "result"; id: string; outcome: Outcome }
  /** How far a running task has come, from 0 to 1, in its own words. */
  | { kind: "progress"; id: string; fraction: number; text: string }
  /** What the host has to do, and how many tasks of which kernels ran how long together since it said so last. */
  | ({ kind: "load"; ran: Ran[] } & Load);

/** So many tasks of a kernel ran so long together. */
export type Ran = { kernel: string; count: number; ms: number };

/**
 * Messages between a client and a host travel in numbered packets; see `Link`.
 * `session` is chosen by the client; a host that does not know it answers with `reset`.
 */
export type Packet<Message> = {
  from: string;
  session: string;
  /** 1, 2, 3, … for packets with messages; 0 for a mere acknowledgement. */
  seq: number;
  /** The highest number received in order. */
  ack: number;
  messages: Message[];
  reset?: true;
};

/** What a host says of itself, several times a second. */
export type Heartbeat = {
  v: number;
  host: string;
  /** Grows each time that a host takes up its lease. */
  epoch: number;
  cpus: number;
  queued: number;
  running: number;
  /** How long what is queued is thought to take, in ms of the whole host. */
  waitMs?: number;
  /** How often it says so, in ms. Default 100. */
  beatMs?: number;
  /** All that it offers. Default: its cpus. */
  resources?: Resources;
  labels?: Record<string, string>;
  /** Resident memory of its process; missing when it can't tell. */
  rssBytes?: number;
  state: HostState;
};
export type HostState = "up" | "draining" | "left";

/** Asks a peer for part of an object. */
export type ObjectRequest = {
  id: string;
  offset: number;
  length: number;
  /** Whoever asks can dial, and would rather have a door than the first of many parts. */
  door?: true;
};

/** How large an object is, and a part of it, or where to fetch it; neither when the peer does not hold it. */
export type ObjectReply = {
  bytes: number;
  data?: Uint8Array;
  /** The CRC-32 of `data`. */
  sum?: number;
  door?: Door;
  /** It is on its way to the peer. */
  coming?: true;
};

/** Where to fetch an object without the bus between, the fastest place first, and what to show there. */
export type Door = { token: Uint8Array; places: ({ socket: string } | { host: string; port: number })[] };
