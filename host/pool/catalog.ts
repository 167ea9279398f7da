import type { LoadedModule } from "../modules.ts";
import type { ToWorker } from "../worker/messages.ts";
import { type Site, type SiteFacts, Sites } from "./site.ts";

/** What calls name by a number or a hash, and workers are told of once: modules, sites and segments. */
export class Catalog {
  readonly #postToAll: (message: ToWorker) => void;
  readonly #modules = new Map<string, LoadedModule>();
  readonly #sites = new Sites((site) => this.#tellOf(site));
  readonly #segments = new Map<number, SharedArrayBuffer>();
  /** Those of them that the workers have been told of. */
  readonly #toldSegments = new Set<number>();

  /** @param postToAll posts to each worker that there is */
  constructor(postToAll: (message: ToWorker) => void) {
    this.#postToAll = postToAll;
  }

  site(facts: SiteFacts): Site {
    return this.#sites.get(facts);
  }

  addSegment(id: number, buffer: SharedArrayBuffer): void {
    this.#segments.set(id, buffer);
  }

  forgetSegment(id: number): void {
    this.#segments.delete(id);
    if (this.#toldSegments.delete(id)) this.#postToAll({ kind: "forget", segment: id });
  }

  /** Workers hear of a segment with the first call that reads it: most objects are never a task's argument. */
  readonly tellOfSegment = (id: number): void => {
    if (this.#toldSegments.has(id)) return;
    this.#toldSegments.add(id);
    this.#postToAll(this.#segmentMessage(id));
  };

  /** All that a worker has to know that has just been started. */
  *messages(): Iterable<ToWorker> {
    for (const module of this.#modules.values()) yield moduleMessage(module);
    for (const site of this.#sites.all()) yield siteMessage(site);
    for (const id of this.#toldSegments) yield this.#segmentMessage(id);
  }

  #tellOf(site: Site): void {
    const { module } = site.facts;
    if (!this.#modules.has(module.sha256)) {
      this.#modules.set(module.sha256, module);
      this.#postToAll(moduleMessage(module));
    }
    this.#postToAll(siteMessage(site));
  }

  #segmentMessage(id: number): ToWorker {
    return { kind: "segment", id, buffer: this.#segments.get(id)! };
  }
}

const moduleMessage = ({
  sha256,
  wasm,
  manifest,
  memory,
  isReusable,
  stateless,
}: LoadedModule): ToWorker => ({
  kind: "module",
  module: { sha256, wasm, manifest, memory, isReusable, stateless },
});

const siteMessage = ({ index, forWorker }: Site): ToWorker => ({ kind: "site", index, site: forWorker });
