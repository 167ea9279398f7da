import { InvalidTaskError } from "../../protocol/errors.ts";
import { randomId } from "../../protocol/ids.ts";
import { bindGang } from "../gang.ts";
import { type Handle, ObjectRef } from "../object-ref.ts";
import { type Actor, BoundMethod } from "./actor.ts";

/** The methods of several actors at once, by their names. */
export type GangOf<Member extends Actor> = {
  readonly [Name in keyof Member as Member[Name] extends AnyMethod ? Name : never]: GangMethod<Member[Name]>;
};
type AnyMethod = { remote(...args: never[]): ObjectRef };

/** A method of several actors. */
export type GangMethod<Method> = Method extends { remote(...args: infer Args): infer Ref }
  ? {
      /**
       * Submits a call of the method to each of the actors, which work together: they can talk to each other by the
       * collectives of `wray/kernels/sdk`, where the index of an actor is its rank. Each begins when its actor comes to it,
       * and waits then for those it talks to. None is sent again; when one fails, so do the others that have not ended.
       * @param calls the arguments of each, in the order of the actors
       * @returns a ref for each call; when one fails, the others fail with CollectiveError
       * @throws InvalidTaskError when arguments don't fit, or are not as many as there are actors, or an actor can't be in
       * a gang; PendingCallsLimitExceededError
       */
      remote(calls: readonly Args[]): Ref[];
    }
  : never;

/**
 * Actors of this program whose methods can be called together, as the members of a gang.
 *
 *     const replicas = gangOf([Replica.remote(), Replica.remote()]);
 *     const refs = replicas.step.remote([[ones], [twos]]);
 *
 * @throws InvalidTaskError without actors, or with the same one twice
 */
export function gangOf<Member extends Actor>(actors: readonly Member[]): GangOf<Member> {
  const [first] = actors;
  if (first === undefined) throw new InvalidTaskError("a gang needs one actor or more, and was given none");
  const gang = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(first))) {
    if (name === "constructor") continue;
    const remote = (calls: readonly (readonly unknown[])[]) => callTogether(methodsOf(actors, name), calls);
    Object.defineProperty(gang, name, { value: { remote }, enumerable: true });
  }
  return gang as GangOf<Member>;
}

/** This method of each actor. @throws InvalidTaskError when not all have one of that name, or one is there twice */
function methodsOf(actors: readonly Actor[], name: string): BoundMethod[] {
  const methods = actors.map((actor) => (actor as unknown as Record<string, unknown>)[name]);
  if (!methods.every((method) => method instanceof BoundMethod))
    throw new InvalidTaskError(`not all actors of the gang have a method ${name}`, {
      data: { method: name },
    });
  const [first] = methods as [BoundMethod];
  if (methods.some(({ backend }) => backend !== first.backend))
    throw new InvalidTaskError("the actors of a gang are to be of one client");
  if (new Set(methods.map(({ link }) => link.address)).size < methods.length)
    throw new InvalidTaskError("an actor can't be in a gang twice: its calls run one after the other");
  return methods;
}

function callTogether(methods: readonly BoundMethod[], calls: readonly (readonly unknown[])[]): ObjectRef[] {
  const [{ backend, label }] = methods as [BoundMethod];
  const size = methods.length;
  if (!Array.isArray(calls) || calls.length !== size || !calls.every(Array.isArray))
    throw new InvalidTaskError(
      `${label}: a gang of ${size} actors takes a list of ${size} lists of arguments`,
      {
        remedy: "Give the arguments of each call, in the order of the actors: remote([[1], [2]]).",
        data: { size },
      },
    );
  for (const { link } of methods) link.checkGang();
  const args = methods.map((method, rank) => method.checked(calls[rank]!));
  // By its beginning hosts know whose it is.
  const group = `${backend.id}-${randomId()}`;
  const results: Handle[] = [];
  const bind = () => bindGang(backend, group, results, () => backend.endGang(group));
  try {
    for (const [rank, method] of methods.entries())
      results.push(method.call(args[rank]!, { group, rank, size }));
  } catch (error) {
    bind();
    for (const result of results) backend.cancel(result);
    throw error;
  }
  bind();
  return results.map((result) => new ObjectRef(result));
}
