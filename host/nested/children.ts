import type { Waiter } from "../../scheduler/actors/deadlocks.ts";
import { templateOptions } from "../../scheduler/client/task-options.ts";
import type { Control } from "../../scheduler/control/control.ts";
import { findModule, parseKernelName } from "../../scheduler/control/find-module.ts";
import type { Submission, TaskTemplate } from "../../scheduler/dataflow/pending-task.ts";
import { checkGrant } from "../../scheduler/manifest/check-limits.ts";
import { sha256Of } from "../../scheduler/manifest/read.ts";
import { defaultGpuNeed } from "../../scheduler/placement/resources.ts";
import {
  type ActorAddress,
  type ActorName,
  isActorCall,
  parseAddress,
  parseMethod,
} from "../../scheduler/protocol/actor-address.ts";
import { TaskCancelledError, toWireError } from "../../scheduler/protocol/errors.ts";
import type { NestedReply, NestedRequest, WorkerCall } from "../worker/messages.ts";
import { gpuKernelsOf } from "./gpu-kernels-of.ts";

/** Seeds of tasks in tasks grow by their numbers; a longer one than this becomes its hash, since it has to travel. */
const longestSeed = 200;

type Request<Kind> = Extract<NestedRequest, { kind: Kind }>;

/** Whoever keeps what tasks submit and put, by ids. */
export interface NestedSubmitter {
  submit(submission: Submission): string;
  /** The actor of this name. @throws ActorNotFoundError */
  findActor(name: ActorName): Promise<ActorAddress>;
  /** Calls a method of an actor. @throws when that is not there, or has no such method */
  callActor(address: ActorAddress, method: string, args: Submission["args"]): string;
  /** Owns an encoded value. */
  put(value: Uint8Array): string;
  drop(id: string): void;
  cancel(id: string): void;
  whenReady(id: string, listener: () => void): void;
  /** Somebody waits for an object. Returns how to tell that it does no longer; `failed` hears that it would for ever. */
  waits(waiter: Waiter, id: string, failed: (error: Error) => void): () => void;
  /** The encoded value of a ready object. */
  value(id: string): Promise<Uint8Array>;
}

export type ChildrenDeps = {
  /** This host's own client. */
  submitter(): Promise<NestedSubmitter>;
  control: Control;
  /** The task that they belong to, and the name of its module. */
  parent: Pick<WorkerCall, "sha256" | "limits" | "grant" | "seed" | "depth"> & {
    priority?: number;
  };
  module: string;
  /** The task, or the actor, that waits when it gets a value. */
  waiter: Waiter;
  /** Is called once for each task that has ended while the parent runs. */
  countEnded(): void;
};

/** The tasks and objects that one running task has made. They end with it, because nobody else has their refs. */
export class Children {
  readonly #deps: ChildrenDeps;
  /** The id of each object by the task's own number for it; rejected when there will be none. */
  readonly #ids = new Map<number, Promise<string>>();
  /** What names stand for stays the same as long as the task runs. */
  readonly #modules = new Map<string, Promise<string>>();
  /** Of the kernels that it has called. */
  readonly #templates = new Map<string, Promise<TaskTemplate>>();
  /** Of the actors that it has called, by what it calls them. */
  readonly #addresses = new Map<string, Promise<ActorAddress>>();
  /** The last one submitted: a task that is submitted later is not to be sooner because its module is known. */
  #last: Promise<unknown> = Promise.resolve();
  /** Tasks that have not ended, with those whose refs the parent has freed: nobody else would end them. */
  readonly #unended = new Set<Promise<string>>();
  /** How to tell that the parent waits no longer for what it waits for. */
  readonly #waits = new Set<() => void>();
  #isClosed = false;

  constructor(deps: ChildrenDeps) {
    this.#deps = deps;
  }

  /**
   * Does what the task asks for.
   * @param answer ends the wait of the task, if it waits
   */
  hear(request: NestedRequest, answer: (reply: NestedReply) => void): void {
    switch (request.kind) {
      case "submit":
        this.#submitNext(request);
        return;
      case "put":
        this.#put(request);
        return;
      case "free":
        this.#free(request.ref);
        return;
      case "get":
        void this.#get(request.ref).then(answer);
        return;
      case "wait":
        void this.#wait(request).then(answer);
        return;
    }
  }

  #submitNext({ ref, kernel, args }: Request<"submit">): void {
    const former = this.#last;
    const submitted = this.#submit(kernel, args, `${this.#deps.parent.seed}.${ref}`, former);
    this.#last = submitted.catch(() => {});
    this.#keep(ref, submitted);
    // What it has told an actor to do, that does.
    if (!isActorCall(kernel)) this.#unended.add(submitted);
    const ended = () => {
      this.#unended.delete(submitted);
      this.#countEnded();
    };
    submitted.then(async (id) => (await this.#submitter()).whenReady(id, ended), ended);
  }

  #put({ ref, value }: Request<"put">): void {
    this.#keep(
      ref,
      this.#submitter().then((submitter) => submitter.put(value)),
    );
  }

  #free(ref: number): void {
    const id = this.#ids.get(ref);
    this.#ids.delete(ref);
    if (id !== undefined) void this.#on(id, (submitter, known) => submitter.drop(known));
  }

  /** The value of a ref, once it is ready, or why there is none. */
  async #get(ref: number): Promise<NestedReply> {
    let ended = () => {};
    try {
      const [submitter, id] = [await this.#submitter(), await this.#ids.get(ref)];
      // The parent has ended meanwhile, and waits for nothing.
      if (id === undefined || this.#isClosed) throw new TaskCancelledError("the task that waits has ended");
      const value = await new Promise<Uint8Array>((resolve, reject) => {
        ended = submitter.waits(this.#deps.waiter, id, reject);
        this.#waits.add(ended);
        submitter.whenReady(id, () => submitter.value(id).then(resolve, reject));
      });
      return { kind: "value", value };
    } catch (error) {
      return { kind: "failed", error: toWireError(error) };
    } finally {
      this.#waits.delete(ended);
      ended();
    }
  }

  /** Which of the refs are ready, at most `numReturns`, once so many are or the time is over. */
  async #wait({ refs, numReturns, timeoutMs }: Request<"wait">): Promise<NestedReply> {
    const ready = new Set<number>();
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      const isReady = (ref: number) => {
        ready.add(ref);
        if (ready.size >= numReturns) resolve();
      };
      for (const ref of refs) {
        this.#ids.get(ref)!.then(
          async (id) => (await this.#submitter()).whenReady(id, () => isReady(ref)),
          () => isReady(ref),
        );
      }
      if (timeoutMs !== undefined) timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    return { kind: "ready", refs: refs.filter((ref) => ready.has(ref)).slice(0, numReturns) };
  }

  /** The parent has ended. */
  close(): void {
    this.#isClosed = true;
    for (const ended of this.#waits) ended();
    for (const id of this.#unended) void this.#on(id, (submitter, known) => submitter.cancel(known));
    for (const id of this.#ids.values()) void this.#on(id, (submitter, known) => submitter.drop(known));
    this.#ids.clear();
  }

  async #submit(
    kernel: string,
    args: (Uint8Array | number)[],
    seed: string,
    former: Promise<unknown>,
  ): Promise<string> {
    const given = Promise.all(args.map((arg) => (typeof arg === "number" ? this.#ids.get(arg)! : arg)));
    given.catch(() => {}); // It is heard of below.
    if (isActorCall(kernel)) return this.#callActor(kernel, given, former);
    let template = this.#templates.get(kernel);
    if (template === undefined) {
      template = this.#templateOf(kernel);
      this.#templates.set(kernel, template);
    }
    const submission = {
      template: await template,
      args: await given,
      seed: seed.length <= longestSeed ? seed : await sha256Of(new TextEncoder().encode(seed)),
    };
    const submitter = await this.#submitter();
    await former;
    // Its own would be cancelled as soon as it is submitted.
    if (this.#isClosed)
      throw new TaskCancelledError(`${kernel} was cancelled with the task that has called it`);
    return submitter.submit(submission);
  }

  async #callActor(
    call: string,
    given: Promise<(Uint8Array | string)[]>,
    former: Promise<unknown>,
  ): Promise<string> {
    const { actor, method } = parseMethod(call);
    let address = this.#addresses.get(actor);
    if (address === undefined) {
      address = this.#addressOf(actor);
      this.#addresses.set(actor, address);
    }
    const [known, args, submitter] = [await address, await given, await this.#submitter()];
    await former;
    return submitter.callActor(known, method, args);
  }

  async #addressOf(actor: string): Promise<ActorAddress> {
    const parsed = parseAddress(actor);
    return "owner" in parsed ? parsed : (await this.#submitter()).findActor(parsed);
  }

  async #templateOf(kernel: string): Promise<TaskTemplate> {
    const { control, parent, module: ownModule } = this.#deps;
    const { module, name } = parseKernelName(kernel);
    let sha256 = this.#modules.get(module);
    if (sha256 === undefined) {
      // A module's own name is itself, whatever the cluster calls so now.
      sha256 = module === ownModule ? Promise.resolve(parent.sha256) : findModule(control, module);
      this.#modules.set(module, sha256);
    }
    const isGpu = (await gpuKernelsOf(control, await sha256)).has(name);
    if (isGpu) checkGrant(kernel, ["gpu"], parent.grant);
    const { options, ...others } = templateOptions({
      ...{ ...parent.limits, grant: parent.grant },
      ...(isGpu && { resources: defaultGpuNeed }),
    });
    return {
      ...others,
      label: kernel,
      module: await sha256,
      kernel: name,
      options: {
        ...options,
        depth: parent.depth + 1,
        ...(parent.priority !== undefined && { priority: parent.priority }),
      },
    };
  }

  #keep(ref: number, id: Promise<string>): void {
    id.catch(() => {}); // Whoever asks for it hears of it.
    this.#ids.set(ref, id);
  }

  /** Does something with an object, if there is one. */
  async #on(id: Promise<string>, work: (submitter: NestedSubmitter, id: string) => void): Promise<void> {
    const known = await id.catch(() => undefined);
    if (known !== undefined) work(await this.#submitter(), known);
  }

  #submitter(): Promise<NestedSubmitter> {
    return this.#deps.submitter();
  }

  #countEnded(): void {
    if (!this.#isClosed) this.#deps.countEnded();
  }
}
