import type { ObjectTable } from "../ownership/object-table.ts";
import { ProtocolError } from "../protocol/errors.ts";
import { inlineBytes } from "../protocol/messages.ts";
import { byteLengthOf, bytesOf, type Encoded } from "../protocol/value.ts";
import type { ActorEntry } from "./actor-entry.ts";
import { decodeDelta, patch } from "./delta.ts";

export type CheckpointsDeps = {
  objects: ObjectTable;
  newId(): string;
  /** How many bytes of checkpoints may be here together. */
  mostHomeBytes: number;
};

/**
 * The checkpoints of a client's actors. As long as there is room for them, they are here, each as a whole, so that a host need
 * only tell what has changed since; others are kept by hosts.
 */
export class Checkpoints {
  readonly #deps: CheckpointsDeps;
  #homeBytes = 0;

  constructor(deps: CheckpointsDeps) {
    this.#deps = deps;
  }

  /** What the next one may be told by: a checkpoint that is here and is to stay here, as its host calls it. */
  baseOf({ checkpoint }: ActorEntry): string | undefined {
    const { objects, mostHomeBytes } = this.#deps;
    const state = checkpoint && objects.state(checkpoint.id);
    // What has room in a message is told whole.
    const isLarge = state?.kind === "local" && byteLengthOf(state.value) > inlineBytes;
    return isLarge && this.#homeBytes <= mostHomeBytes ? checkpoint!.told : undefined;
  }

  /** Whether there is room for another of so many bytes in the place of the one that there is. */
  hasRoomFor({ checkpoint }: ActorEntry, bytes: number): boolean {
    return this.#homeBytes - (checkpoint?.homeBytes ?? 0) + bytes <= this.#deps.mostHomeBytes;
  }

  /**
   * The object that is all of a state of which this one, whose value is here, is what a host has told.
   * @throws ProtocolError when that makes no sense
   */
  wholeOf({ checkpoint }: ActorEntry, id: string, told: Encoded): string {
    const { objects, newId } = this.#deps;
    const delta = decodeDelta(bytesOf(told));
    if (delta === undefined) return id;
    const base = checkpoint && objects.state(checkpoint.id);
    if (checkpoint?.told !== delta.base || base?.kind !== "local")
      throw new ProtocolError(`it is told what has changed since ${delta.base}, which is not here`);
    const whole = newId();
    objects.create(whole, { kind: "local", value: patch(bytesOf(base.value), delta) });
    objects.drop(id);
    return whole;
  }

  /** An object is the checkpoint, in the place of the one before. @param told what the host calls it that has told it */
  set(actor: ActorEntry, id: string, told?: string): void {
    const state = this.#deps.objects.state(id);
    this.drop(actor);
    const homeBytes = state?.kind === "local" ? byteLengthOf(state.value) : 0;
    this.#homeBytes += homeBytes;
    actor.checkpoint = { id, told, homeBytes };
  }

  drop(actor: ActorEntry): void {
    const { checkpoint } = actor;
    if (checkpoint === undefined) return;
    this.#homeBytes -= checkpoint.homeBytes;
    actor.checkpoint = undefined;
    this.#deps.objects.drop(checkpoint.id);
  }
}
