import type { Encoded } from "../../../scheduler/protocol/value.ts";
import type { ClientMember } from "./cluster.ts";
import type { KernelName } from "./kernels.ts";

/** What a program has submitted, or put, and what became of it. */
export type Submitted = {
  client: ClientMember;
  id: string;
  kernel: KernelName | "put" | "borrowed";
  /** The objects that it takes; of what is borrowed, what its owner has of it. */
  takes: readonly Submitted[];
  maxRetries: number;
  /** The value that it has to have; undefined for a witness, which tells the number of its run. */
  expected: Encoded | undefined;
  /** How it may end beside with that value, as its program has wanted it. */
  mayFailWith: Set<string>;
  startMs: number;
  /** How often its end was told, and with which error. */
  endCount: number;
  endMs: number | undefined;
  error: { code?: string; message: string } | undefined;
  /** Why its value could not be fetched, if its host kept it. */
  fetchError: { code?: string; message: string } | undefined;
  fetchErrorMs: number | undefined;
  /** Whether its value is on its way. */
  isFetched: boolean;
  /** Values that came and were wrong. */
  wrong: string[];
  /** The number of the run that a witness tells. */
  witness: number | undefined;
  isDropped: boolean;
};

export const shownTask = ({ id, kernel, maxRetries, client, endMs, error }: Submitted): string =>
  `${kernel} ${id} of ${client.process.name}, ${maxRetries} retries, ` +
  (endMs === undefined ? "not ended" : `ended at ${endMs.toFixed(1)} ms`) +
  (error === undefined ? "" : ` with ${error.code}: ${error.message}`);
