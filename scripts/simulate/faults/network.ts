import type { Bus, MessageHandler, Subscription } from "../../../scheduler/bus/bus.ts";
import { guarded } from "../../../scheduler/bus/guarded.ts";
import { nobodyListens } from "../../../scheduler/bus/nobody-listens.ts";
import { ConnectionError } from "../../../scheduler/protocol/errors.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How a process and the server reach each other. */
export type Way =
  | "open"
  /** What is sent in either direction waits, as in the buffers of a TCP connection. */
  | "stalled"
  /** What is sent in either direction is gone, and nobody notices. */
  | "lossy"
  /** Both know that the connection is lost. */
  | "down";

/** Someone who gets messages, and when the last of each sender's came: those of one sender keep their order. */
type Receiver = {
  connection: SimulatedConnection;
  isActive: boolean;
  lastMs: Map<SimulatedConnection, number>;
};
type Subscriber = Receiver & { handler: MessageHandler };

const leastDelayMs = 0.05;
/** How long it may take to hear whether anybody listens. */
const answerMs = 300;
const mostPayloadBytes = 1024 * 1024;
/** How soon a connection is tried again, at the earliest and at the latest. */
const [leastReconnectMs, mostReconnectMs] = [50, 100];

/** The NATS server of a simulated cluster: it passes messages on, each in a time of its own. */
export class Network {
  readonly #world: World;
  readonly #connections = new Set<SimulatedConnection>();
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** Sees each message that reaches the server. */
  onMessage: ((from: Process, subject: string, payload: Uint8Array) => void) | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  connect(process: Process): SimulatedConnection {
    const connection = new SimulatedConnection(this.#world, this, process);
    this.#connections.add(connection);
    return connection;
  }

  /** It ends and comes back: all connections are lost, and each comes back when it is tried again. */
  restart(downMs: number): void {
    for (const connection of this.#connections) {
      connection.lose();
      connection.comeBack(downMs);
    }
  }

  add(subject: string, subscriber: Subscriber): void {
    this.#subscribers.set(subject, (this.#subscribers.get(subject) ?? new Set()).add(subscriber));
  }

  remove(subject: string, subscriber: Subscriber): void {
    this.#subscribers.get(subject)?.delete(subscriber);
  }

  forget(connection: SimulatedConnection): void {
    this.#connections.delete(connection);
  }

  /** Passes a message on to all that have subscribed. Returns how many these are. */
  route(
    from: SimulatedConnection,
    subject: string,
    payload: Uint8Array,
    respondTo: (replier: SimulatedConnection) => (reply: Uint8Array) => void,
  ): number {
    this.onMessage?.(from.process, subject, payload);
    const anyOf = subject.replace(/[^.]+$/, "*");
    let count = 0;
    for (const pattern of [subject, anyOf]) {
      for (const subscriber of this.#subscribers.get(pattern) ?? []) {
        const { connection, handler } = subscriber;
        if (connection.way === "down" || connection.process.state === "dead") continue;
        count++;
        const respond = respondTo(connection);
        this.carry(from, subscriber, subject, payload, () => guarded(handler)(payload, respond));
      }
    }
    return count;
  }

  /** Brings a message to its receiver, after those that the sender has sent there before. */
  carry(
    from: SimulatedConnection,
    receiver: Receiver,
    what: string,
    payload: Uint8Array,
    action: () => void,
  ): void {
    const { connection, lastMs } = receiver;
    const { session } = connection;
    const { nowMs, random } = this.#world;
    const slowMs = random() < 0.02 ? 20 * random() : 0.3 * random();
    const dueMs = Math.max(nowMs + leastDelayMs + slowMs, lastMs.get(from) ?? 0);
    lastMs.set(from, dueMs);
    const deliver = () => {
      if (!receiver.isActive || connection.session !== session) return;
      if (connection.way === "lossy" || connection.way === "down") return;
      if (connection.way === "stalled") connection.held.push(deliver);
      else this.#world.arrive(connection.process, what, action, isOfGarbage(what) ? undefined : payload);
    };
    this.#world.after(dueMs - nowMs, deliver);
  }
}

/** What a host says of its memory depends on when garbage is collected, as nothing else does. */
const isOfGarbage = (what: string): boolean => what.endsWith(".memory");

/** One process's connection to the simulated server. */
export class SimulatedConnection implements Bus {
  readonly process: Process;
  readonly maxPayloadBytes = mostPayloadBytes;
  readonly address = "the simulation";
  way: Way = "open";
  /** Grows each time that the connection is lost: what was under way then is lost, too. */
  session = 0;
  /** What waits until the way is open again. */
  readonly held: (() => void)[] = [];
  readonly #world: World;
  readonly #network: Network;
  readonly #listeners = new Set<() => void>();
  readonly #replies: Receiver;
  #isClosed = false;

  constructor(world: World, network: Network, process: Process) {
    this.#world = world;
    this.#network = network;
    this.process = process;
    this.#replies = { connection: this, isActive: true, lastMs: new Map() };
  }

  get isConnected(): boolean {
    return this.way !== "down";
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#send(() => this.#network.route(this, subject, payload, () => () => {}));
  }

  subscribe(subject: string, handler: MessageHandler): Subscription {
    const subscriber: Subscriber = { connection: this, isActive: true, lastMs: new Map(), handler };
    this.#network.add(subject, subscriber);
    return {
      unsubscribe: () => {
        subscriber.isActive = false;
        this.#network.remove(subject, subscriber);
      },
    };
  }

  async request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const reply = await this.#ask(subject, payload, timeoutMs);
    if (typeof reply !== "string") return reply;
    throw reply === "nobody listens" ? nobodyListens(subject) : new ConnectionError(`${reply} on ${subject}`);
  }

  async isListening(subject: string): Promise<boolean> {
    return (await this.#ask(subject, new Uint8Array(), answerMs)) !== "nobody listens";
  }

  /** The answer to a request, or why there is none. */
  #ask(
    subject: string,
    payload: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array | "no answer" | "nobody listens"> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve("no answer"), timeoutMs);
      const answered = (reply: Uint8Array) => {
        clearTimeout(timer);
        resolve(reply);
      };
      const respondTo = (replier: SimulatedConnection) => (reply: Uint8Array) =>
        replier.#send(() =>
          this.#network.carry(replier, this.#replies, `reply on ${subject}`, reply, () => answered(reply)),
        );
      this.#send(() => {
        if (this.#network.route(this, subject, payload, respondTo) > 0) return;
        this.#world.message(this.process, 1, `nobody on ${subject}`, () => {
          clearTimeout(timer);
          resolve("nobody listens");
        });
      });
    });
  }

  serve: Bus["serve"] = async ({ subject }, handler) =>
    this.subscribe(subject, (payload, respond) => void handler(payload).then(respond));

  onReconnect(listener: () => void): Subscription {
    this.#listeners.add(listener);
    return { unsubscribe: () => void this.#listeners.delete(listener) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#replies.isActive = false;
    this.#network.forget(this);
  }

  /** The connection is lost, with all that is under way on it. */
  lose(): void {
    this.way = "down";
    this.session++;
    this.held.length = 0;
  }

  /** It is tried again after so long, and then a little later, until there is a connection. */
  comeBack(ms: number): void {
    const waitMs = ms + leastReconnectMs + (mostReconnectMs - leastReconnectMs) * this.#world.random();
    const { session } = this;
    this.#world.message(this.process, waitMs, "reconnect", () => {
      if (this.session !== session || this.way !== "down") return;
      this.way = "open";
      for (const listener of this.#listeners) listener();
    });
  }

  /** The way is open again; what waited goes on. */
  open(): void {
    this.way = "open";
    for (const action of this.held.splice(0)) this.#world.after(0, action);
  }

  #send(action: () => void): void {
    if (this.#isClosed || this.way === "down" || this.way === "lossy") return;
    if (this.way === "stalled") this.held.push(action);
    else action();
  }
}
