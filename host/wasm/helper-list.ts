import type { WasmModule } from "../../scheduler/wasm/module.ts";
import { charge, copy, fill, grow, type HelperType, pause, refill, tick, wait } from "./helpers.ts";
import type { Layout } from "./layout.ts";
import { keep, nextUsed, restore } from "./restore.ts";

type Helper = { type: HelperType; body: (hasHandlers: boolean) => number[] };

/** The functions that one module gets from the host, by the indices that they have there. */
export class Helpers {
  readonly #layout: Layout;
  readonly #helpers: Helper[] = [];
  readonly #waits = new Map<string, number>();
  #pause: number | undefined;
  readonly tick: number;
  readonly charge: number;
  readonly grow: number;
  readonly fill: number;
  readonly copy: number;
  readonly keep: number;
  readonly restore: number;
  /** For modules with actors alone. */
  readonly nextUsed: number;

  constructor(module: WasmModule, layout: Layout, isPreempted: boolean, hasActors: boolean) {
    const hasMemory = module.memories.length > 0;
    this.#layout = layout;
    const none = -1;
    const whenPreempted = (type: HelperType, body: Helper["body"]) =>
      isPreempted ? this.#add(type, body) : none;
    whenPreempted("nothing", (hasHandlers) => refill(layout, hasHandlers));
    this.tick = whenPreempted("twoNumbers", () => tick(layout));
    this.charge = whenPreempted("number", () => charge(layout));
    this.grow = hasMemory ? this.#add("number", () => grow(layout, isPreempted)) : none;
    this.fill = hasMemory ? whenPreempted("bulk", () => fill(layout)) : none;
    this.copy = hasMemory ? whenPreempted("bulk", () => copy(layout)) : none;
    this.keep = this.#add("nothing", () => keep(layout, module));
    this.restore = this.#add("twoNumbers", () => restore(layout, module));
    this.nextUsed = hasActors ? this.#add("twoNumbers", () => nextUsed(module)) : none;
  }

  /** The function for one kind of `memory.atomic.wait`, with its offset. */
  wait(type: "wait32" | "wait64", instruction: readonly number[]): number {
    const key = instruction.join();
    const known = this.#waits.get(key);
    if (known !== undefined) return known;
    const index = this.#add(type, () => wait(this.#layout, instruction));
    this.#waits.set(key, index);
    return index;
  }

  /** The function at whose entry the engine looks whether its thread is to end. */
  get pause(): number {
    this.#pause ??= this.#add("nothing", pause);
    return this.#pause;
  }

  get types(): HelperType[] {
    return this.#helpers.map(({ type }) => type);
  }

  bodies(hasHandlers: boolean): number[][] {
    return this.#helpers.map(({ body }) => body(hasHandlers));
  }

  #add(type: HelperType, body: Helper["body"]): number {
    return this.#layout.firstHelper + this.#helpers.push({ type, body }) - 1;
  }
}
