import type { Bus, Subscription } from "../../scheduler/bus/bus.ts";
import { type ActorOptions, checkActorOptions } from "../../scheduler/client/actors/actor-options.ts";
import { planOf } from "../../scheduler/client/actors/bus-actor.ts";
import type { OwnedDetached } from "../../scheduler/client/actors/owned-detached.ts";
import type { Submitter } from "../../scheduler/client/submitter.ts";
import { actorExists } from "../../scheduler/control/actor-names.ts";
import type { Control } from "../../scheduler/control/control.ts";
import { fetchModule } from "../../scheduler/control/find-module.ts";
import { CallLog, type Replayed } from "../../scheduler/detached/call-log.ts";
import type { DetachedStore } from "../../scheduler/detached/store.ts";
import { findActor } from "../../scheduler/manifest/check.ts";
import { AbsentOwners } from "../../scheduler/ownership/absent-owners.ts";
import {
  type ActorAddress,
  type ActorName,
  addressText,
  parseAddress,
} from "../../scheduler/protocol/actor-address.ts";
import { decodeKeptState, decodeMakeDetached, encodeMessage } from "../../scheduler/protocol/codec.ts";
import { toWireError } from "../../scheduler/protocol/errors.ts";
import type {
  DetachedActor,
  KeptState,
  MadeDetached,
  MakeDetached,
  NamedActor,
} from "../../scheduler/protocol/messages.ts";
import type { Subjects } from "../../scheduler/protocol/subjects.ts";

/** How often it is looked whether the owners of detached actors are there, in ms. */
const lookMs = 200;
/** Of all hosts, one is asked to make an actor. */
const queue = "detached";

export type DetachedActorsDeps = {
  bus: Bus;
  subjects: Subjects;
  control: Control;
  store: DetachedStore;
  /** This host's own client, which owns its part of them. */
  submitter(): Promise<Submitter>;
  warn(text: string): void;
};

/** A detached actor that this host owns. */
type Owned = OwnedDetached & { isLeaving: boolean; id: string; key: string; record: NamedActor };

/**
 * The detached actors of a cluster, as one of its hosts sees them: it owns some, and takes over others when their owners
 * are gone. What there is of each is in the registry of names: the first host that writes itself there has it.
 */
export class DetachedActors {
  readonly #deps: DetachedActorsDeps;
  readonly #known = new Map<string, { name: ActorName; record: NamedActor }>();
  readonly #owned = new Map<string, Owned>();
  readonly #absent: AbsentOwners;
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  readonly #ticker: NodeJS.Timeout;
  #isLeaving = false;

  constructor(deps: DetachedActorsDeps) {
    this.#deps = deps;
    const { bus, subjects, store } = deps;
    this.#absent = new AbsentOwners({
      isListening: (owner) => bus.isListening(subjects.alive(owner)),
      died: (owner) => this.#ownerDied(owner),
      nowMs: () => performance.now(),
    });
    this.#subscription = bus.subscribe(
      subjects.detached,
      (payload, respond) => {
        void this.#make(decodeMakeDetached(payload)).then((reply) => respond(encodeMessage(reply)));
      },
      queue,
    );
    this.#unwatch = store.watch((name, record) => this.#changed(name, record));
    this.#ticker = setInterval(() => this.#absent.look(this.#owners()), lookMs);
    this.#ticker.unref();
  }

  /** Our connection was lost, and is back. */
  reconnected(): void {
    this.#absent.reconnected();
  }

  /** Gives those that it owns to other hosts, with all that they are. */
  async leave(): Promise<void> {
    this.#stop();
    const { control, store, submitter } = this.#deps;
    await Promise.all(
      [...this.#owned.values()].map(async (owned) => {
        const { actors } = await submitter();
        // What is called from now on is called at the next owner.
        owned.isLeaving = true;
        if (owned.log === undefined) {
          const snapshot = await actors.snapshotOf(owned.id);
          await store.putState(
            owned.key,
            encodeMessage({ at: 0, snapshot, answers: [] } satisfies KeptState),
          );
        }
        const { record } = owned;
        const free = { ...record, detached: { ...record.detached!, isFree: true as const } };
        await control.nameActor(owned.name, free, record);
        actors.letGo(owned.id);
      }),
    );
  }

  /** Ends what it does, and not what it owns: that is as if this host had died. */
  close(): void {
    this.#stop();
  }

  #stop(): void {
    this.#isLeaving = true;
    clearInterval(this.#ticker);
    this.#unwatch();
    this.#subscription.unsubscribe();
  }

  /** Makes one that a program asks for. */
  async #make(request: MakeDetached): Promise<MadeDetached> {
    const { key, name, namespace, getIfExists, sha256, actor, label, args } = request;
    try {
      const { submitter } = this.#deps;
      const options = checkActorOptions(request.options as ActorOptions);
      const { id: owner, newId } = await ownOf(submitter);
      const id = newId();
      const address = addressText({ owner, id, sha256, actor, detached: { namespace, name } });
      const { maxRestarts: restartsLeft = 0 } = options;
      const detached: DetachedActor = { key, label, options: { ...options }, args, restartsLeft };
      const known = await this.#have(id, { namespace, name }, false, () =>
        this.#claim({ namespace, name }, { address, detached }),
      );
      // Another host may have made it for the same request.
      if (known.detached?.key !== key && !getIfExists) throw actorExists({ namespace, name });
      return { kind: "made", address: known.address };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    }
  }

  /** Takes up a name; one that was the name of an actor that is not detached, and is gone, too. */
  async #claim(name: ActorName, record: NamedActor): Promise<NamedActor> {
    const { control, bus, subjects } = this.#deps;
    let gone: NamedActor | undefined;
    for (;;) {
      const known = await control.nameActor(name, record, gone);
      if (known.address === record.address || known.detached !== undefined) return known;
      const { owner } = parseAddress(known.address) as ActorAddress;
      if (await bus.isListening(subjects.alive(owner))) return known;
      gone = known;
    }
  }

  #owners(): Set<string> {
    return new Set([...this.#known.values()].map(({ record }) => ownerOf(record)));
  }

  #changed(name: ActorName, record: NamedActor | undefined): void {
    const key = `${name.namespace}/${name.name}`;
    if (record?.detached === undefined) this.#known.delete(key);
    else this.#known.set(key, { name, record });
    if (record?.detached?.isFree) void this.#takeOver(name, record);
  }

  #ownerDied(owner: string): void {
    for (const { name, record } of [...this.#known.values()])
      if (ownerOf(record) === owner) void this.#takeOver(name, record);
  }

  async #takeOver(name: ActorName, former: NamedActor): Promise<void> {
    if (this.#isLeaving) return;
    const { control, store, submitter, warn } = this.#deps;
    const { isFree, restartsLeft, ...others } = former.detached!;
    try {
      const isLost = isFree === undefined && others.options.checkpoint === undefined;
      if (isLost && restartsLeft === 0) {
        await control.dropActor(name, former.address);
        await store.forget(others.key, "all");
        return;
      }
      const { id: owner, newId } = await ownOf(submitter);
      const id = newId();
      const { sha256, actor } = parseAddress(former.address) as ActorAddress;
      const address = addressText({ owner, id, sha256, actor, detached: name });
      const detached = { ...others, restartsLeft: restartsLeft - Number(isLost) };
      const record = { address, detached };
      await this.#have(id, name, isLost, () => control.nameActor(name, record, former));
    } catch (error) {
      warn(`could not take over the actor ${name.namespace}/${name.name}: ${(error as Error).message}`);
    }
  }

  /** Writes itself into the registry as the owner, and has the actor if nobody else was sooner. Returns what is there then. */
  async #have(
    id: string,
    name: ActorName,
    isAnew: boolean,
    claim: () => Promise<NamedActor>,
  ): Promise<NamedActor> {
    const { actors } = await this.#deps.submitter();
    actors.expect(id);
    try {
      const known = await claim();
      if ((parseAddress(known.address) as ActorAddress).id === id) await this.#own(name, known, id, isAnew);
      return known;
    } finally {
      actors.notExpected(id);
    }
  }

  /** Has it from now on. @param isAnew whether it begins by its constructor, whatever it was */
  async #own(name: ActorName, record: NamedActor, id: string, isAnew: boolean): Promise<void> {
    const { control, store, submitter } = this.#deps;
    const { sha256, actor } = parseAddress(record.address) as ActorAddress;
    const { key, label, args } = record.detached!;
    const options = checkActorOptions(record.detached!.options as ActorOptions);
    const { manifest } = await fetchModule(control, sha256);
    const plan = planOf(
      id,
      label,
      { module: { sha256 }, actor: findActor(manifest, actor), options },
      args,
      key,
    );
    const client = await submitter();
    const kept = isAnew ? undefined : await this.#keptState(key);
    const { log, calls } =
      options.checkpoint === undefined ? { log: undefined, calls: [] } : await this.#log(client, key, kept);
    // From here on it is what its calls make of it.
    if (log === undefined) await store.forget(key, "state");
    let keeping = Promise.resolve();
    const owned: Owned = {
      ...{ name, log, id, key, record, isLeaving: false },
      mayRepeat: (options.maxTaskRetries ?? 0) > 0,
      reads: (method) => plan.reads(plan.methods.indexOf(method) + 1),
      kept: (snapshot, ids) => {
        if (log !== undefined) keeping = keeping.then(() => this.#keep(key, log, snapshot, ids));
      },
      gone: () => {
        this.#owned.delete(key);
        void this.#forget(owned);
      },
    };
    this.#owned.set(key, owned);
    client.actors.adopt(id, plan, owned, kept?.snapshot, calls);
  }

  async #keptState(key: string): Promise<KeptState | undefined> {
    const bytes = await this.#deps.store.state(key);
    return bytes && decodeKeptState(bytes);
  }

  /** The log of an actor, which nobody else can write to from now on, and the calls in it that its state is without. */
  async #log(
    client: Submitter,
    key: string,
    kept: KeptState | undefined,
  ): Promise<{ log: CallLog; calls: { id: string; method: string; args: Uint8Array[] }[] }> {
    const { store } = this.#deps;
    const last = await store.takeOver(key);
    const calls: (Replayed & { method: string; args: Uint8Array[] })[] = [];
    const failed = new Set<string>();
    for (const { at, entries } of await store.read(key, kept?.at ?? 0)) {
      for (const entry of entries) {
        if (entry.kind === "call") calls.push({ ...entry, id: client.newId(), at });
        else failed.add(`${entry.caller}.${entry.number}`);
      }
    }
    const applied = calls.filter(({ caller, number }) => !failed.has(`${caller}.${number}`));
    return { log: new CallLog(store.log(key), last, applied, kept?.answers ?? []), calls: applied };
  }

  /** Keeps a checkpoint; the log needs the calls before it no more. */
  async #keep(
    key: string,
    log: CallLog,
    snapshot: Promise<Uint8Array>,
    ids: readonly string[],
  ): Promise<void> {
    try {
      const kept = await log.checkpoint(ids);
      if (kept === undefined) return;
      const state: KeptState = { ...kept, snapshot: await snapshot };
      await this.#deps.store.putState(key, encodeMessage(state));
      await log.trim(kept.at);
    } catch (error) {
      this.#deps.warn(`could not keep the state of the detached actor ${key}: ${(error as Error).message}`);
    }
  }

  async #forget({ name, record, key }: Owned): Promise<void> {
    const { control, store, warn } = this.#deps;
    try {
      await control.dropActor(name, record.address);
      await store.forget(key, "all");
    } catch (error) {
      warn(`could not forget the detached actor ${name.name}: ${(error as Error).message}`);
    }
  }
}

const ownerOf = ({ address }: NamedActor): string => (parseAddress(address) as ActorAddress).owner;

async function ownOf(submitter: () => Promise<Submitter>): Promise<{ id: string; newId: () => string }> {
  const client = await submitter();
  return { id: client.id, newId: () => client.newId() };
}
