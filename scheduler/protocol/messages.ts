import type { WireError } from "./errors.ts";
import type { Capability, Limits } from "./limits.ts";
import type { Peer } from "./subjects.ts";
import type { Encoded } from "./value.ts";

/** Values up to this travel inside messages, larger ones from who holds them to who needs them. */
export const inlineBytes = 8 * 1024;

/** What calls of a kernel have in common: which it is, and how they are to be run. */
export type Template = {
  /** The module's sha-256, in hex. */
  module: string;
  /** The name of the function in the module. */
  kernel: string;
  /** What differs from the defaults of these. */
  limits?: Partial<Limits>;
  /** What the kernel may use. Default: `defaultGrant`. */
  grant?: Capability[];
  /** What the clock is to say, reading by reading, when the task is a replay. */
  clock?: number[];
  /** How many tasks it is nested in: 0, or missing, for the task of a client. */
  depth?: number;
  /** What it takes of its host. Default: one cpu. */
  need?: Resources;
  /** The higher, the sooner. Default 0. */
  priority?: number;
  /** It may yield items, and waits while its owner has so many to take. */
  stream?: number;
  /** The bundle of a placement group of the owner's that it runs in. */
  bundle?: BundleName;
  /** It does something to an actor of this id, of the class that the kernel names. */
  actor?: ActorPart;
  /** It is one of so many calls that work together, each in a bundle of that group; the bundle's index is its rank. */
  gang?: number;
  /** What its run times are told by. Default: `module/function`. */
  timedAs?: string;
  /** It is not run again when its worker dies: what can be is ended before it when memory is short. */
  once?: true;
};

/** What a call does to an actor. The calls of an owner do it in the order in which they come. */
export type ActorPart = {
  id: string;
  /**
   * `make`s it with the arguments of its constructor, or `restore`s it from its state; `call`s a method; `save`s it: the
   * result is its state; or `take`s it away, with its state as the result, and what has not run is given back.
   */
  does: "make" | "restore" | "call" | "save" | "take";
  /** Which one is called: from 1 in the order of the manifest. */
  method?: number;
  /** How many turns of methods that only read may run at once. Default 1. */
  maxConcurrency?: number;
  /** What its random numbers follow from, with all owners that it has. Default: its id. */
  seed?: string;
  /** The call is one of several that work together, of as many actors. */
  gang?: GangPlace;
};

/** A part of what a placement group has reserved. */
export type BundleName = { group: string; index: number };

/** Which member of a gang a call is: its rank, from 0, among so many. */
export type GangPlace = { group: string; rank: number; size: number };

/** What each call may say of itself. */
export type CallOwn = {
  /** Of its random numbers. Default: its id. */
  seed?: string;
  /** For how long from now its owner wants it, unless it has begun, in ms. */
  ttlMs?: number;
  /** How long from now it has to be done, with all that it submits, in ms. */
  leftMs?: number;
  /** How many hosts have given it back because they were full. */
  hops?: number;
  /** How many of its items, which it yielded before it came here, its owner has taken. */
  taken?: number;
};

/** One call of a kernel, with all that belongs to it. */
export type Task = Template & CallOwn & { id: string; args: Arg[] };

/** One call by a template, whose id follows from the client's and its number; see `ids.ts`. */
export type Call = {
  number: number;
  /** The number of its template in this session. */
  template: number;
  args: readonly Arg[];
  own: CallOwn | undefined;
};

/** Amounts by name: of `cpu`, `gpu`, `memory` in bytes, and of anything else. */
export type Resources = Readonly<Record<string, number>>;

/** An encoded value, or an object to be fetched from one of the peers that hold it. */
export type Arg = Encoded | RefArg;
export type RefArg = { ref: string; at: Peer[] };

export const isRefArg = (arg: Arg): arg is RefArg => typeof arg === "object" && !(arg instanceof Uint8Array);

/** How a task ended on a host. */
export type Outcome =
  | { kind: "value"; value: Encoded; clock?: number[] }
  /** The value was too large to travel; the host keeps it under the task's id. */
  | { kind: "stored"; bytes: number; clock?: number[] }
  | { kind: "error"; error: WireError }
  /** The host did not finish it: place it elsewhere. */
  | Returned;

/** What a task has yielded: the value, or one that its host keeps under the item's id, or why that can't. */
export type ItemOutcome =
  | { kind: "value"; value: Encoded }
  | { kind: "stored"; bytes: number }
  | { kind: "error"; error: WireError };

/** The id of an item as an object: that of its task, and the how manieth it is. */
export const itemIdOf = (taskId: string, index: number): string => `${taskId}.${index.toString(36)}`;

/** Which item of its task an object is. */
export const itemIndexOf = (taskId: string, itemId: string): number =>
  Number.parseInt(itemId.slice(taskId.length + 1), 36);

/** Why a host gives back a task: it leaves, or it has too much to do, or another one, which it names, has nothing. */
export type Returned = { kind: "returned"; isFull?: true; to?: string };

/** How much a host has to do. */
export type Load = {
  queued: number;
  running: number;
  /** How long what is queued is thought to take, in ms of the whole host. */
  waitMs: number;
  /** What no placement group has reserved, if any has. */
  unreserved?: Resources | undefined;
};

/** What a client asks the owner of an actor, numbered by itself from 0. */
export type ToOwner =
  /** Calls a method, by its name, after all that this client has called of the actor before. */
  | ({ kind: "callActor" } & ActorCallMessage)
  /** The call is to end; nobody waits for it. */
  | { kind: "cancelCall"; number: number }
  /** The result, which the owner has kept, is here, or not wanted. */
  | { kind: "tookResult"; number: number }
  | { kind: "killActor"; actor: string }
  | { kind: "moveActor"; actor: string; host: string };

export type ActorCallMessage = {
  number: number;
  actor: string;
  method: string;
  args: OwnedArg[];
  /** The least number of a call that this client still waits for. */
  least: number;
  /** Another owner of the actor had this call, and died: it may have been applied. */
  isAgain?: true;
};

/** What an owner of actors tells a client that has called one. */
export type ToCaller = { kind: "callEnded"; number: number; outcome: CallOutcome };

/** What a call has come to: a value, or the object of the owner that is it, or why there is none. */
export type CallOutcome =
  | { kind: "value"; value: Uint8Array }
  | { kind: "object"; id: string }
  | { kind: "error"; error: WireError }
  /** The actor has another owner, or soon will: what was called is to be called there. */
  | { kind: "moved" };

/** An encoded value, or an object by its id and the client that owns it. */
export type OwnedArg = Uint8Array | { ref: string; owner: string };

/** An actor that has a name. */
export type NamedActor = {
  /** Where it is called. */
  address: string;
  /** How it is made anew when its owner is gone, if it is detached. */
  detached?: DetachedActor;
};

/** What makes a detached actor. */
export type DetachedActor = {
  /** What it was asked for by; its random numbers follow from it. */
  key: string;
  /** The host of its owner. */
  host: string;
  /** The ids that it had with the last two owners, the last first: what it is follows from what these have kept. */
  formers: string[];
  /** `module/class` */
  label: string;
  /** As `ActorOptions`. */
  options: Record<string, unknown>;
  /** Of its constructor, encoded. */
  args: Uint8Array[];
  /** How often it may yet be made anew by its constructor. */
  restartsLeft: number;
  /** Its owner has let go of it, and any host may take it over. */
  isFree?: true;
};

/** What is written of an actor's calls, in the order in which they are applied. */
export type LogEntry =
  | ({ kind: "call" } & LoggedCall)
  /** That call has failed, and so has changed nothing. */
  | { kind: "failed"; caller: string; number: number };

export type LoggedCall = { caller: string; number: number; method: string; args: Uint8Array[] };

/** Asks any host to make a detached actor, and to own it. */
export type MakeDetached = {
  /** Of what is kept of it; a request that is sent again has the same one. */
  key: string;
  namespace: string;
  name: string;
  /** The one that has the name already will do. */
  getIfExists: boolean;
  sha256: string;
  actor: string;
  label: string;
  options: Record<string, unknown>;
  args: Uint8Array[];
};
export type MadeDetached = { kind: "made"; address: string } | { kind: "error"; error: WireError };

/** What an owner of a detached actor keeps for the next one, beside the log of calls. */
export type KeptState = {
  /** The place in its log of the last call that this is after. */
  at: number;
  /** What the actor was then; without it, as its constructor makes it. */
  snapshot?: Uint8Array;
  /** Calls to be applied to that before those of the log. */
  calls: LoggedCall[];
  /** What callers were told of calls before all of these, and may not have heard. */
  answers: { caller: string; number: number; outcome: CallOutcome }[];
};

/** Somebody waits at a client, which has this number for it, and has said so for the `beat`th time. */
export type WaitStep = { id: string; label: string; at: string; number: number; beat: number };

/** What clients tell each other of what waits for what; see `Deadlocks`. */
export type WaitMessage =
  | { kind: "waits"; step: WaitStep; to: WaitTarget }
  /** The last of these waits for `to`: does that wait for the first? */
  | { kind: "probe"; steps: WaitStep[]; to: WaitTarget }
  /** Each of them waits for the next, and the last for the first. */
  | { kind: "circle"; steps: WaitStep[] };

/** A task, or an actor that is to run a method. */
export type WaitTarget = { id: string; method?: string };

/** What a client sends to a host. */
export type ToHost =
  | { kind: "task"; task: Task }
  /** From now on, calls of this number are of this template. */
  | { kind: "template"; number: number; template: Template }
  | ({ kind: "call" } & Call)
  /** The owner lets go of these objects. */
  | { kind: "release"; ids: string[] }
  /** These tasks are to end, wherever they are; nobody waits for their results. */
  | { kind: "cancel"; ids: string[] }
  /** So many items of this task its owner has taken; it may yield more. */
  | { kind: "taken"; id: string; count: number }
  /** Reserves this for a group of the client's, all of it or nothing; the answer tells of which attempt it is. */
  | { kind: "reserve"; group: string; attempt: number; bundles: { index: number; need: Resources }[] }
  /** Gives back these bundles of a group. */
  | { kind: "unreserve"; group: string; indexes: number[] }
  /** All calls of this gang of actors have ended: the host forgets it. */
  | { kind: "endGang"; group: string }
  /** The owner wants to know whether the host is there: it acknowledges this as it does all. */
  | { kind: "ping" }
  /** These actors of the owner's are to end, with all of their calls. */
  | { kind: "endActors"; ids: string[] }
  /** For the owner, that host is dead: nothing more comes from there. */
  | { kind: "gone"; host: string }
  /** Fetches an object from one of these peers and keeps it as if a task had made it here. */
  | { kind: "keep"; id: string; at: Peer[] }
  /** The client leaves: forget its tasks and objects. */
  | { kind: "bye" };

/** What a host sends to a client. */
export type ToClient =
  | { kind: "result"; id: string; outcome: Outcome }
  /** The call of this number has ended with this value. */
  | { kind: "value"; number: number; value: Encoded }
  /** A running task has yielded this, the first with the index 0. */
  | { kind: "item"; id: string; index: number; outcome: ItemOutcome }
  /** How far a running task has come, from 0 to 1, in its own words. */
  | { kind: "progress"; id: string; fraction: number; text: string }
  /** An object that the host was to keep is here, of so many bytes; or it could not be had. */
  | { kind: "kept"; id: string; bytes?: number | undefined }
  /** What a group has asked for is its own, and nothing runs there; or it can't have it, or not any more. */
  | { kind: "reserved"; group: string; attempt: number; isHeld: boolean }
  /** What the host has to do, and how many tasks of which kernels ran how long together since it said so last. */
  | ({ kind: "load"; ran: Ran[] } & Load);

/** So many tasks of a kernel ran so long together. */
export type Ran = { kernel: string; count: number; ms: number };

/**
 * So many templates a session has at most. They are numbered round and round: one more takes the number of the oldest.
 */
export const mostTemplates = 1_000;

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
  /** Tells a host from the one that had its name before, as packets of both may be on their way. */
  life?: string;
  /** The sender may have missed packets: whoever gets this sends again at once what is not acknowledged. */
  missed?: true;
};

/** The GPU that a host offers. */
export type GpuFacts = {
  /** As the driver says it: "SwiftShader driver 5.0.0". */
  name: string;
  vendor: string;
  /** Whether it is none, but cpus that do the work of one. */
  isSoftware: boolean;
  features: string[];
  /** Of WebGPU's limits, those that tell what fits. */
  limits: Record<string, number>;
  /** What tasks and their results may take on it before some are moved to memory of the host. */
  memoryBytes: number;
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
  gpu?: GpuFacts | undefined;
  /** What of it no placement group has reserved, if any has. */
  unreserved?: Resources | undefined;
  /** Resident memory of its process; missing when it can't tell. */
  rssBytes?: number;
  state: HostState;
};
export type HostState = "up" | "draining" | "left";

/** Asks the owner of an object what became of it; whoever asks holds a ref of it for a while. */
export type BorrowRequest = {
  id: string;
  /** The client that asks. */
  borrower: string;
  /** These hosts, which the owner had named, did not give it. */
  missing?: string[];
  /** It is asked for no more. */
  isBack?: true;
};

/** A borrower names objects of an owner that it still holds refs of. */
export type Held = { borrower: string; ids: string[] };

/** Of an object: its value, or the hosts that hold it (none: the owner itself), why it failed, or what else there is to say. */
export type BorrowReply =
  | { kind: "value"; value: Uint8Array }
  | { kind: "stored"; bytes: number; hosts: string[] }
  | { kind: "error"; error: WireError }
  /** It is not ready yet: ask again. */
  | { kind: "pending" }
  /** The owner has no such object. */
  | { kind: "unknown" };

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

/** A host tells the others of a gang of a member that is there: that wants to talk to them, or has returned without. */
export type MemberNote = { group: string; rank: number; host: string; state: "joined" | "returned" };

/** From one host to another, whose members of a gang are to talk to each other. */
export type GangMessage =
  /**
   * The member of the higher rank asks for a way to the other: a file in the memory of one machine, which `machine` names; to
   * go by the file that was answered; a door; or to go by messages of kind `bytes`.
   */
  | ({ kind: "link"; by: "file" | "opened" | "door" | "bus"; machine?: string; host: string } & Pair)
  /** A part of the stream between them, numbered from 0, and how many bytes of the other one were taken since the last. */
  | ({ kind: "bytes"; number: number; taken: number; data: Uint8Array; isEnd?: true } & Pair);

/** From a member of a gang to another. */
export type Pair = { group: string; from: number; to: number };

/** What was asked for, if it can be had: a file by its process and its descriptor there, or a door. */
export type LinkReply = { file?: { pid: number; descriptor: number }; door?: Door };
