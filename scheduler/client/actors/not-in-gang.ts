import type { ActorAddress } from "../../protocol/actor-address.ts";
import { InvalidTaskError } from "../../protocol/errors.ts";

/** What a program hears that calls actors as a gang, of one that can't be in any. */
export const notInGang = ({ id, actor }: Pick<ActorAddress, "id" | "actor">, why: string): InvalidTaskError =>
  new InvalidTaskError(`actor ${id}, of ${actor}, can't be in a gang: ${why}`, {
    remedy: "Call actors as a gang that this program has made, without checkpoint, and not detached.",
    data: { id },
  });
