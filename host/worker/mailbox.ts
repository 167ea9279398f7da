import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { mailWord } from "../ring/control.ts";
import type { NestedReply, ToWorker, WorkerModule, WorkerSite } from "./messages.ts";

export type MailboxDeps = {
  port: MessagePort;
  control: Int32Array;
  onModule(module: WorkerModule): void;
  onSite(index: number, site: WorkerSite): void;
};

/**
 * What was posted to a worker. It has no event loop to bring messages, since it looks at shared memory all the time or
 * sleeps on it: the host counts what it posts, and the worker looks when the count has changed.
 */
export class Mailbox {
  readonly #deps: MailboxDeps;
  readonly #segments = new Map<number, Uint8Array>();
  #readCount = 0;
  #reply: { ticket: number; reply: NestedReply } | undefined;

  constructor(deps: MailboxDeps) {
    this.#deps = deps;
  }

  /** Takes in what has come since. */
  readonly read = (): void => {
    const { port, control } = this.#deps;
    const postedCount = Atomics.load(control, mailWord);
    if (postedCount === this.#readCount) return;
    this.#readCount = postedCount;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.#take(next.message as ToWorker);
    }
  };

  /** The host's answer to the call of this ticket, if it has come. One that came too late for its call is dropped. */
  takeReply(ticket: number): NestedReply | undefined {
    this.read();
    const last = this.#reply;
    this.#reply = undefined;
    return last?.ticket === ticket ? last.reply : undefined;
  }

  /** The memory of a segment. */
  segment(id: number): Uint8Array {
    return this.#segments.get(id)!;
  }

  #take(message: ToWorker): void {
    switch (message.kind) {
      case "module":
        this.#deps.onModule(message.module);
        return;
      case "site":
        this.#deps.onSite(message.index, message.site);
        return;
      case "segment":
        this.#segments.set(message.id, new Uint8Array(message.buffer));
        return;
      case "forget":
        this.#segments.delete(message.segment);
        return;
      case "reply":
        this.#reply = message;
    }
  }
}
