import type { ActorName } from "../protocol/actor-address.ts";
import type { NamedActor } from "../protocol/messages.ts";

/** What a cluster keeps beyond the life of any one process: modules, their names, and the leases of hosts. */
export interface Control {
  /** Stores a module under its sha-256, once. */
  putModule(sha256: string, bytes: Uint8Array): Promise<void>;
  getModule(sha256: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Stores the source map of a module, once; it has at most `longestSourceMapBytes`. */
  putSourceMap(sha256: string, bytes: Uint8Array): Promise<void>;
  /** The source map of a module, unless it has none or one that is too long. It may be anything: anyone can put it. */
  getSourceMap(sha256: string): Promise<Uint8Array | undefined>;
  /** Lets `name` stand for this module from now on. */
  nameModule(name: string, sha256: string): Promise<void>;
  /** The sha-256 that a name stands for. */
  findModule(name: string): Promise<string | undefined>;
  /**
   * Lets a name stand for an actor, unless it stands for one: for another than `instead`, which is gone. Returns what it
   * stands for from now on.
   */
  nameActor(name: ActorName, actor: NamedActor, instead?: NamedActor): Promise<NamedActor>;
  findActor(name: ActorName): Promise<NamedActor | undefined>;
  /** Ends the name of an actor, if it is still that one's. */
  dropActor(name: ActorName, address: string): Promise<void>;
  /** Takes up or renews a host's lease; it ends by itself when it is not renewed. Returns a number that grows. */
  putLease(lease: Lease): Promise<number>;
  dropLease(hostId: string): Promise<void>;
  leases(): Promise<Lease[]>;
}

/** A host's claim to be there. */
export type Lease = { host: string; epoch: number; cpus: number };

/** How long a lease lasts, and how often its host renews it. */
export const leaseMs = 10_000;
export const leaseRenewMs = 3_000;

/** Source maps are kept without the text of the sources; this is enough for about 1 MB of WebAssembly code. */
export const longestSourceMapBytes = 2 * 1024 * 1024;

/** The modules that every host brings along; their names can't be taken by others. */
export const shippedModules = ["actors", "gym", "linalg", "math", "physics", "tensor", "vector"] as const;
