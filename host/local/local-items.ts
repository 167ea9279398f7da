import { ItemStream } from "../../scheduler/dataflow/item-stream.ts";
import type { Encoded } from "../../scheduler/protocol/value.ts";
import { EmitWindow } from "../emit-window.ts";
import type { Yielded } from "../worker/messages.ts";
import type { LocalObject, Waiter } from "./local-object.ts";

/** What a task of an embedded host's client yields. Waits for its result, which ends it. */
export class LocalItems implements Waiter {
  readonly stream: ItemStream<LocalObject>;
  readonly #window: EmitWindow;

  constructor(maxUnread: number) {
    this.#window = new EmitWindow(maxUnread);
    this.stream = new ItemStream({ maxUnread, tell: (count) => this.#window.taken(count) });
  }

  /** @param goOn ends the wait of the task, if it waits */
  add(
    { index, value, waits }: Yielded,
    make: (value: Encoded) => LocalObject,
    goOn: (takenCount: number) => void,
  ): void {
    this.stream.add(index, () => make(value));
    if (waits) this.#window.wait(index + 1, goOn);
  }

  ready({ content }: LocalObject): void {
    this.stream.end(content.kind === "failed" ? content.error : undefined);
  }
}
