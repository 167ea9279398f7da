import type { Next } from "../dataflow/item-stream.ts";
import type { Recording } from "../ownership/object-table.ts";
import type { HostView } from "../placement/host-table.ts";
import type { ActorAddress, ActorName } from "../protocol/actor-address.ts";
import type { ActorSignature } from "../protocol/manifest.ts";
import type { GangPlace } from "../protocol/messages.ts";
import type { TypedArray } from "../protocol/tensor.ts";
import type { ActorOptions } from "./actors/actor-options.ts";
import type { MemoryReport } from "./memory-report.ts";
import type { ModuleFacts } from "./module.ts";
import type { Handle } from "./object-ref.ts";
import type { ClientStats } from "./stats.ts";
import type { KernelOptions } from "./task-options.ts";

/** What runs a client's tasks and keeps its objects: hosts that are reached over a bus, or one inside this process. */
export interface Backend {
  /** The client's; the ids of its objects begin with it. */
  readonly id: string;
  /** Gets a module ready before its first task, where that saves time; whatever is wrong with it, its tasks tell. */
  prepare(sha256: string): Promise<void>;
  /** A kernel with its options, ready for calls. */
  target(module: ModuleFacts, kernel: string, options: KernelOptions): Target;
  /** A kernel that can be run in several ways, ready for calls; what each call takes decides. */
  choice(variants: readonly Variant[]): Target;
  /** Makes an actor with arguments that fit. */
  makeActor(spec: ActorSpec, args: readonly unknown[]): ActorLink;
  /** The actor of this name. @throws ActorNotFoundError */
  findActor(name: ActorName): Promise<ActorAddress>;
  /** An actor that there is, by its address. Its class and options are for the checks of calls. */
  actorAt(address: ActorAddress, spec: ActorSpec): ActorLink;
  /** Owns a snapshot of a value, which may hold refs, and keeps the objects of these handles as well. @throws InvalidTaskError when it can't cross */
  put(value: unknown, replicas?: number, holds?: readonly Handle[]): Handle;
  /** Owns a value that is still to come. */
  putLater(value: Promise<unknown>, replicas?: number): Handle;
  /** A text by which another client gets at the object, and that object. @throws InvalidTaskError where there can be no other */
  share(handle: Handle): string;
  borrow(shared: string): Handle;
  /** Whether a handle is of this backend, and its object not let go of. */
  owns(handle: Handle): boolean;
  isReady(handle: Handle): boolean;
  /** Calls back once, at once if the object is ready already. Returns how to stop waiting. */
  whenReady(handle: Handle, listener: () => void): () => void;
  /** The value of an object. Rejects with its error when it has failed. */
  value(handle: Handle): Promise<unknown>;
  /** The values of objects, in order. Rejects with the error of the first that fails. */
  get(handles: readonly Handle[]): Promise<unknown[]>;
  /**
   * The value of an object, for which this thread is blocked.
   * @throws InvalidTaskError when it can't be had so, GetTimeoutError
   */
  getSync(handle: Handle, timeoutMs: number): unknown;
  /** Why an object has failed, if it has. */
  failure(handle: Handle): Error | undefined;
  /** Ends a task that is not done, with this error if there is one, and else with a TaskCancelledError. */
  cancel(handle: Handle, error?: Error): void;
  /** All calls of this gang of actors have ended. */
  endGang(group: string): void;
  recording(handle: Handle): Recording | undefined;
  readonly hosts: HostView[];
  readonly stats: ClientStats;
  /** What there is of objects, and who holds it. */
  memory(): Promise<MemoryReport>;
  /** Fails what is pending, with this error if there is one. */
  close(failure?: Error): void;
}

/** One of the ways to run a kernel: another kernel of the same types. */
export type Variant = { module: ModuleFacts; kernel: string; options: KernelOptions };

export interface Target {
  /** Submits a call with arguments that fit: a value, or the handle of one, each. */
  submit(args: readonly unknown[]): Handle;
  /** Submits a call that may yield items, each an object that is ready. */
  stream(args: readonly unknown[]): Streaming;
  /**
   * Submits a call for each element of those arguments that are typed arrays, which all have `count`; the others are
   * the same for all calls. All parameters are scalars, and so is the result: the object is a typed array of all
   * results, of the class that `arrayOf` tells.
   */
  map(args: readonly MapArg[], count: number): Handle;
}

/** An actor class with its options. */
export type ActorSpec = { module: ModuleFacts; actor: ActorSignature; options: ActorOptions };

/** An actor as its client reaches it. */
export interface ActorLink {
  /** Of the object that stands for it: whoever holds that keeps the actor. */
  readonly handle: Handle;
  /** What it is to kernels, and to other programs. */
  readonly address: string;
  /**
   * Submits a call of a method, numbered from 1 in the order of the manifest, with arguments that fit.
   * @param gang which member of a gang it is, if it is one
   * @throws PendingCallsLimitExceededError
   */
  call(method: number, args: readonly unknown[], gang?: GangPlace): Handle;
  /** @throws InvalidTaskError when its calls can't be those of a gang, ActorDiedError */
  checkGang(): void;
  /** Ends it at once; its calls fail. */
  kill(): void;
  /** The host that it is on, unless it is being made or moved, or gone. */
  readonly host: string | undefined;
  /** Moves it to a host. Calls wait meanwhile. @throws InvalidTaskError */
  move(hostId: string): void;
}

/** A call that yields: what it returns in the end, and its items. */
export type Streaming = {
  result: Handle;
  items: {
    /** Calls back with the next item, or that there is none, in the order of the calls. */
    next(listener: (next: Next<Handle>) => void): void;
    /** Nobody takes any more. */
    close(): void;
  };
};

export type MapArg = TypedArray | number | bigint | boolean;
