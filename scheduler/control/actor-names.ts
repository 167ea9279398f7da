import type { ActorName } from "../protocol/actor-address.ts";
import { ActorAlreadyExistsError, ActorNotFoundError } from "../protocol/errors.ts";

export const actorNotFound = ({ namespace, name }: ActorName) =>
  new ActorNotFoundError(
    `there is no actor ${JSON.stringify(name)} in the namespace ${JSON.stringify(namespace)}`,
    {
      remedy: "Make one with options({ name, namespace }); it has its name as long as it is there.",
      data: { namespace, name },
    },
  );

export const actorExists = ({ namespace, name }: ActorName) =>
  new ActorAlreadyExistsError(
    `there is an actor ${JSON.stringify(name)} in the namespace ${JSON.stringify(namespace)}`,
    {
      remedy: "Call that, by getActor() or with getIfExists, or choose another name or namespace.",
      data: { namespace, name },
    },
  );
