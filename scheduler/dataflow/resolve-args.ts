import type { ObjectTable } from "../ownership/object-table.ts";
import { type Arg, inlineBytes, type RefArg } from "../protocol/messages.ts";
import { byteLengthOf, type Encoded } from "../protocol/value.ts";

/** What an owner knows, by which it tells a host where arguments are. */
export type ArgsDeps = { objects: ObjectTable; clientId: string };

/** The arguments of a call, all of them ready, as they go to a host; or why they can't. */
export function argsOn(
  deps: ArgsDeps,
  hostId: string,
  args: readonly (Encoded | string)[],
): readonly Arg[] | Error {
  if (!args.some(isRef)) return args as readonly Encoded[];
  const resolved: Arg[] = [];
  for (const source of args) {
    const arg = typeof source === "string" ? resolve(deps, source, hostId) : source;
    if (arg instanceof Error) return arg;
    resolved.push(arg);
  }
  return resolved;
}

export const isRef = (arg: Encoded | string): arg is string => typeof arg === "string";

const none: readonly string[] = [];

/** The objects that a call takes. */
export const refsOf = (args: readonly (Encoded | string)[]): readonly string[] =>
  args.some(isRef) ? args.filter(isRef) : none;

/** How a ready object goes to a host, or why it can't. */
function resolve(deps: ArgsDeps, ref: string, hostId: string): Arg | Error {
  const state = deps.objects.state(ref);
  switch (state?.kind) {
    case "failed":
      return state.error;
    case "local":
      if (byteLengthOf(state.value) <= inlineBytes) return state.value;
      return refArg(deps, ref, hostId, []);
    case "remote":
      return refArg(deps, ref, hostId, [...state.hosts]);
    default:
      throw new Error(`a call with an argument, ${ref}, that is not ready`);
  }
}

/** Who is asked for an object, in this order: a copy, the hosts that hold the original, and the client, last. */
function refArg({ objects, clientId }: ArgsDeps, ref: string, hostId: string, holders: string[]): RefArg {
  const copy = objects.copiedTo(ref, hostId);
  const hosts = copy === undefined ? holders : [copy, ...holders.filter((id) => id !== copy)];
  // The client has what hosts hold only if these have left by then.
  return {
    ref,
    at: [...hosts.map((id) => ({ kind: "host" as const, id })), { kind: "client", id: clientId }],
  };
}
