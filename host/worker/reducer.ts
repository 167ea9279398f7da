import {
  assembleReductions,
  type ElementType,
  type Reduction,
  type Reductions,
  vectorBytes,
} from "../wasm/reductions.ts";
import { pageBytes } from "./instance.ts";

/** The most bytes that are reduced at once: few enough to stay in the caches from one step to the next. */
export const mostReducedBytes = 256 * 1024;

/** Reduces what comes into what is there. Its module is made for the first that asks, and is then the worker's. */
export class Reducer {
  readonly #reductions: Reductions;
  readonly #incoming: Uint8Array<ArrayBuffer>;
  readonly #own: Uint8Array<ArrayBuffer>;

  constructor() {
    const wasm = new WebAssembly.Module(assembleReductions((2 * mostReducedBytes) / pageBytes));
    const { memory, ...functions } = new WebAssembly.Instance(wasm).exports;
    const { buffer } = memory as WebAssembly.Memory;
    this.#reductions = functions as unknown as Reductions;
    this.#incoming = new Uint8Array(buffer, 0, mostReducedBytes);
    this.#own = new Uint8Array(buffer, mostReducedBytes);
  }

  /** Where so many bytes that come are put before they are reduced. */
  room(bytes: number): Uint8Array<ArrayBuffer> {
    return this.#incoming.subarray(0, bytes);
  }

  /** Reduces what was put into `room` with a part, which gets the result. */
  reduceInto(part: Uint8Array, type: ElementType, reduction: Reduction): void {
    this.#own.set(part);
    const bytes = Math.ceil(part.byteLength / vectorBytes) * vectorBytes;
    this.#reductions[`${reduction} ${type}`](0, mostReducedBytes, bytes);
    part.set(this.#incoming.subarray(0, part.byteLength));
  }
}
