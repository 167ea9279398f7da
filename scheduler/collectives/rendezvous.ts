/** What is known of the members of a gang before they talk to each other: who wants to, and who never will. */
export class Rendezvous {
  readonly size: number;
  readonly #joined = new Set<number>();
  readonly #ended = new Set<number>();

  constructor(size: number) {
    this.size = size;
  }

  /** A member wants to talk to the others. */
  join(rank: number): void {
    if (!this.#ended.has(rank)) this.#joined.add(rank);
  }

  /** A member has ended. */
  end(rank: number): void {
    this.#ended.add(rank);
  }

  hasJoined(rank: number): boolean {
    return this.#joined.has(rank);
  }

  hasEnded(rank: number): boolean {
    return this.#ended.has(rank);
  }

  /** Whether all want to: each may have ended since, and left what it had to say. */
  get isComplete(): boolean {
    return this.#joined.size === this.size;
  }

  /** One that has ended and did not want to; undefined if there is none, or not yet. */
  get missing(): number | undefined {
    return [...this.#ended].find((rank) => !this.#joined.has(rank));
  }

  get isOver(): boolean {
    return this.#ended.size === this.size;
  }
}
