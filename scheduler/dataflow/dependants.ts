import { fromWireError, toWireError } from "../protocol/errors.ts";

/** Past this an error's chain says nothing new, and each of many dependants would keep a copy of it. */
const longestChain = 100;

/** The error of a task whose argument failed: the same, with the name of the task added to its chain. */
export function withDependant(error: Error, label: string): Error {
  const wire = toWireError(error);
  const chain = (wire.data?.chain as string[] | undefined) ?? [];
  if (chain.length >= longestChain) return error;
  return fromWireError({ ...wire, data: { ...wire.data, chain: [...chain, label] } });
}
