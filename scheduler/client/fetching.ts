import type { Bus } from "../bus/bus.ts";
import { Departures } from "../objects/departures.ts";
import { pullObject } from "../objects/transfer.ts";
import type { ObjectTable, ReadyState } from "../ownership/object-table.ts";
import { ObjectLostError } from "../protocol/errors.ts";
import type { Subjects } from "../protocol/subjects.ts";
import { bytesOf } from "../protocol/value.ts";

export type FetchingDeps = {
  bus: Bus;
  subjects: Subjects;
  objects: ObjectTable;
  /** These hosts did not give an object: it is made again when nobody has it. */
  missing(id: string, hostIds: readonly string[]): void;
};

/** How the values of a client's objects get here from the hosts that hold them. */
export class Fetching {
  readonly #deps: FetchingDeps;
  readonly #departures = new Departures();
  /** Objects that are on their way here. */
  readonly #pulls = new Map<string, { object: Promise<Uint8Array>; ending: AbortController }>();
  /** Those of them that come from a host that is about to leave. */
  readonly #homeward = new Set<string>();
  #failure: Error | undefined;

  constructor(deps: FetchingDeps) {
    this.#deps = deps;
  }

  /** The encoded value of a ready object. When no host has it any more, it is made again. */
  async fetch(id: string, state: ReadyState): Promise<Uint8Array> {
    if (state.kind === "failed") throw state.error;
    if (state.kind === "local") return bytesOf(state.value);
    const { objects, missing } = this.#deps;
    const hostIds = [...state.hosts];
    // In use, so that it is not let go of on the way when the program drops the ref.
    objects.use(id);
    try {
      return await this.#pulled(id, hostIds);
    } catch (error) {
      if (!(error instanceof ObjectLostError) || this.#failure !== undefined) throw error;
      missing(id, hostIds);
      const next = await new Promise<ReadyState>((resolve) => objects.onReady(id, resolve));
      return await this.fetch(id, next);
    } finally {
      objects.unuse(id);
    }
  }

  /** Fetches an object for good that only this host, which is about to leave, holds. */
  bringHome(id: string, hostId: string): void {
    const { objects } = this.#deps;
    if (this.#homeward.has(id)) return;
    this.#homeward.add(id);
    objects.use(id);
    this.#pulled(id, [hostId])
      .then((value) => objects.bringHome(id, value))
      // The host did not wait: the object is lost with it, and made again.
      .catch(() => {})
      .finally(() => {
        this.#homeward.delete(id);
        objects.unuse(id);
      });
  }

  /** Nothing is waited for from this host any more. */
  gone(hostId: string): void {
    this.#departures.gone(hostId);
  }

  close(failure: Error): void {
    this.#failure = failure;
    for (const { ending } of this.#pulls.values()) ending.abort(failure);
  }

  /** Several may want it at once: it comes once. */
  #pulled(id: string, hostIds: readonly string[]): Promise<Uint8Array> {
    const known = this.#pulls.get(id);
    if (known !== undefined) return known.object;
    const { bus, subjects } = this.#deps;
    const ending = new AbortController();
    if (this.#failure !== undefined) ending.abort(this.#failure);
    const at = hostIds.map((hostId) => ({ kind: "host" as const, id: hostId }));
    const allocate = (bytes: number) => new Uint8Array(bytes);
    const options = { signal: ending.signal, departures: this.#departures };
    const object = pullObject(bus, subjects, { ref: id, at }, allocate, options).finally(() =>
      this.#pulls.delete(id),
    );
    this.#pulls.set(id, { object, ending });
    return object;
  }
}
