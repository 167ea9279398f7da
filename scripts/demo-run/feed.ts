import type { Topics } from "./messages.ts";

/** The latest of each topic as server-sent events: who comes late is told all of it first. */
export class Feed {
  readonly #latest = new Map<keyof Topics, string>();
  readonly #readers = new Set<(text: string) => void>();

  /** Tells everybody, unless nothing has changed. */
  tell<Topic extends keyof Topics>(topic: Topic, value: Topics[Topic]): void {
    const text = `event: ${topic}\ndata: ${JSON.stringify(value)}\n\n`;
    if (this.#latest.get(topic) === text) return;
    this.#latest.set(topic, text);
    for (const read of this.#readers) read(text);
  }

  /** @returns a function that ends it */
  follow(read: (text: string) => void): () => void {
    for (const text of this.#latest.values()) read(text);
    this.#readers.add(read);
    return () => void this.#readers.delete(read);
  }
}
