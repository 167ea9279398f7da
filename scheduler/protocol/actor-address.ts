import { InvalidTaskError } from "./errors.ts";

/** Which actor it is. */
export type ActorKey = {
  /** The client that sends it its calls. */
  owner: string;
  /** Of the actor, and of the object that stands for its handles. */
  id: string;
};

/** What a handle is to kernels, and to other programs, as a text. */
export type ActorAddress = ActorKey & {
  /** Of its module. */
  sha256: string;
  /** Its class there. */
  actor: string;
  /** The name of one that is detached, which finds it when its owner is another. */
  detached?: ActorName | undefined;
};

/** An actor by the name that its program gave it. */
export type ActorName = { namespace: string; name: string };

/** The same name has the same one, and can be a key of a store by it. */
export const nameKey = ({ namespace, name }: ActorName): string => `${namespace}.${name}`;

/** Where names are that were given in none. */
export const defaultNamespace = "default";

const addressPattern =
  /^actor:([\w-]{1,64})\/([\w-]{1,128})\/([0-9a-f]{64})\/([A-Za-z_$][\w$]*)(?:@([\w-]{1,64})\/([\w-]{1,64}))?$/;
const namePattern = /^actor:@([\w-]{1,64})\/([\w-]{1,64})$/;

/** What kernels have of an actor, as their class `Actor` has it. */
export const handleValue = (address: ActorAddress): { address: string } => ({
  address: addressText(address),
});

export function addressText({ owner, id, sha256, actor, detached }: ActorAddress): string {
  const name = detached === undefined ? "" : `@${detached.namespace}/${detached.name}`;
  return `actor:${owner}/${id}/${sha256}/${actor}${name}`;
}

/** @throws InvalidTaskError for what is neither an address nor a name of an actor */
export function parseAddress(text: string): ActorAddress | ActorName {
  const [, owner, id, sha256, actor, space, called] = addressPattern.exec(text) ?? [];
  if (actor !== undefined) {
    const detached = called === undefined ? undefined : { namespace: space!, name: called };
    return { owner: owner!, id: id!, sha256: sha256!, actor, detached };
  }
  const [, namespace, name] = namePattern.exec(text) ?? [];
  if (name !== undefined) return { namespace: namespace!, name };
  throw new InvalidTaskError(`${JSON.stringify(text.slice(0, 200))} is no address of an actor`, {
    remedy: "Pass on the address of a handle as it is, or the name of an actor.",
  });
}

/** The same of what can be no name. @throws InvalidTaskError */
export function addressOf(text: string): ActorAddress {
  const parsed = parseAddress(text);
  if ("owner" in parsed) return parsed;
  throw new InvalidTaskError(`${JSON.stringify(text)} is the name of an actor, where its address is due`);
}

/** Whether a nested call is one of a method, and not of a kernel. */
export const isActorCall = (name: string): boolean => name.startsWith("actor:");

/** The actor and the method that a nested call names. No address and no name of an actor has a dot. */
export function parseMethod(name: string): { actor: string; method: string } {
  const dot = name.indexOf(".");
  return dot < 0 ? { actor: name, method: "" } : { actor: name.slice(0, dot), method: name.slice(dot + 1) };
}
