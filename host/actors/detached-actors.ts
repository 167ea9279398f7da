import type { Bus, Subscription } from "../../scheduler/bus/bus.ts";
import { isNobodyListening } from "../../scheduler/bus/nobody-listens.ts";
import { type ActorOptions, checkActorOptions } from "../../scheduler/client/actors/actor-options.ts";
import { planOf } from "../../scheduler/client/actors/bus-actor.ts";
import type { OwnedDetached } from "../../scheduler/client/actors/owned-detached.ts";
import type { Submitter } from "../../scheduler/client/submitter.ts";
import { actorExists } from "../../scheduler/control/actor-names.ts";
import type { Control } from "../../scheduler/control/control.ts";
import { fetchModule } from "../../scheduler/control/find-module.ts";
import { CallLog, Fenced } from "../../scheduler/detached/call-log.ts";
import type { DetachedStore } from "../../scheduler/detached/store.ts";
import { findActor } from "../../scheduler/manifest/check.ts";
import { AbsentOwners } from "../../scheduler/ownership/absent-owners.ts";
import {
  type ActorAddress,
  type ActorName,
  addressOf,
  addressText,
  nameKey,
} from "../../scheduler/protocol/actor-address.ts";
import { decodeBorrowReply, decodeMakeDetached, encodeMessage } from "../../scheduler/protocol/codec.ts";
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
/** How long an owner may take to say that it is there. */
const answerMs = 500;
/** Of all hosts, one is asked to make an actor. */
const queue = "detached";

export type DetachedActorsDeps = {
  bus: Bus;
  subjects: Subjects;
  control: Control;
  store: DetachedStore;
  hostId: string;
  /** The other hosts that are heard of. */
  others(): readonly string[];
  /** This host's own client, which owns its part of them. */
  submitter(): Promise<Submitter>;
  warn(text: string): void;
};

/** A detached actor that this host owns. */
type Owned = OwnedDetached & { isLeaving: boolean; id: string; record: NamedActor };

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
      isListening: (owner) => this.#isThere(owner),
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
    this.close();
    const { control, store, submitter } = this.#deps;
    await Promise.all(
      [...this.#owned.values()].map(async (owned) => {
        const { actors } = await submitter();
        // What is called from now on is called at the next owner.
        owned.isLeaving = true;
        if (owned.log === undefined) {
          const snapshot = await actors.snapshotOf(owned.id);
          await store.putState(owned.id, { at: 0, snapshot, calls: [], answers: [] });
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
    this.#isLeaving = true;
    clearInterval(this.#ticker);
    this.#unwatch();
    this.#subscription.unsubscribe();
  }

  /** Makes one that a program asks for. */
  async #make(request: MakeDetached): Promise<MadeDetached> {
    const { name, namespace, getIfExists, sha256, actor, ...others } = request;
    try {
      const options = checkActorOptions(request.options as ActorOptions);
      const known = await this.#have(
        { namespace, name },
        { sha256, actor },
        { ...others, formers: [], restartsLeft: options.maxRestarts ?? 0 },
        (record) => this.#claim({ namespace, name }, record),
      );
      // Another host may have made it for the same request.
      if (known.detached?.key !== request.key && !getIfExists) throw actorExists({ namespace, name });
      return { kind: "made", address: known.address };
    } catch (error) {
      return { kind: "error", error: toWireError(error) };
    }
  }

  /** Takes up a name, also of an actor that has ended and is about to lose it. */
  async #claim(name: ActorName, record: NamedActor): Promise<NamedActor> {
    let gone: NamedActor | undefined;
    for (;;) {
      const known = await this.#deps.control.nameActor(name, record, gone);
      if (known.address === record.address || !(await this.#hasEnded(known))) return known;
      gone = known;
    }
  }

  /** Whether its owner has it no more; of a detached one, whether that is so while the owner is there. */
  async #hasEnded({ address, detached }: NamedActor): Promise<boolean> {
    const { bus, subjects, submitter } = this.#deps;
    const { owner, id } = addressOf(address);
    const request = { id, borrower: (await submitter()).id };
    try {
      const reply = await bus.request(subjects.borrow(owner), encodeMessage(request), answerMs);
      bus.publish(subjects.borrow(owner), encodeMessage({ ...request, isBack: true }));
      return decodeBorrowReply(reply).kind === "unknown";
    } catch (error) {
      return detached === undefined && isNobodyListening(error);
    }
  }

  #owners(): Set<string> {
    return new Set([...this.#known.values()].map(({ record }) => ownerOf(record)));
  }

  #changed(name: ActorName, record: NamedActor | undefined): void {
    const key = nameKey(name);
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
    const { control, store, warn } = this.#deps;
    const { isFree, restartsLeft, formers, ...others } = former.detached!;
    const { id: formerId, ...of } = addressOf(former.address);
    try {
      const isLost = isFree === undefined && others.options.checkpoint === undefined;
      if (isLost && restartsLeft === 0) {
        await control.dropActor(name, former.address);
        await store.forget(formerId);
        return;
      }
      const detached = {
        ...others,
        formers: [formerId, ...formers.slice(0, 1)],
        restartsLeft: restartsLeft - Number(isLost),
      };
      await this.#have(name, of, detached, (record) => control.nameActor(name, record, former), isLost);
    } catch (error) {
      warn(`could not take over the actor ${nameKey(name)}: ${(error as Error).message}`);
    }
  }

  /**
   * Has this host written into the registry as that of the owner, and has the actor if nobody else was sooner.
   * @param isAnew whether it begins by its constructor, whatever it was
   * @returns what is in the registry then
   */
  async #have(
    name: ActorName,
    { sha256, actor }: Pick<ActorAddress, "sha256" | "actor">,
    detached: Omit<DetachedActor, "host">,
    write: (record: NamedActor) => Promise<NamedActor>,
    isAnew = false,
  ): Promise<NamedActor> {
    const client = await this.#deps.submitter();
    const id = client.newId();
    const address = addressText({ owner: client.id, id, sha256, actor, detached: name });
    const ready = client.actors.expect(id);
    try {
      const known = await write({ address, detached: { ...detached, host: this.#deps.hostId } });
      if (known.address === address) await this.#own(client, name, known, isAnew);
      return known;
    } finally {
      ready();
    }
  }

  async #own(client: Submitter, name: ActorName, record: NamedActor, isAnew: boolean): Promise<void> {
    const { control, store } = this.#deps;
    const { id, sha256, actor } = addressOf(record.address);
    const { key, label, args, formers } = record.detached!;
    const options = checkActorOptions(record.detached!.options as ActorOptions);
    const { manifest } = await fetchModule(control, sha256);
    const signature = findActor(manifest, actor);
    const plan = planOf(id, label, { module: { sha256 }, actor: signature, options }, args, key);
    const kept = isAnew ? undefined : await this.#takeFrom(formers);
    const calls = (kept?.calls ?? []).map((call) => ({ ...call, id: client.newId() }));
    let log: CallLog | undefined;
    if (options.checkpoint !== undefined) {
      log = new CallLog(store.log(id), calls, kept?.answers ?? []);
      // As if all that was called since had come here.
      if (kept !== undefined) await store.putState(id, { ...kept, at: 0 });
    }
    const owned: Owned = {
      ...{ name, log, id, record, isLeaving: false },
      mayRepeat: (options.maxTaskRetries ?? 0) > 0,
      reads: (method) => plan.reads(plan.methods.indexOf(method) + 1),
      kept: (snapshot, ids) => {
        if (log !== undefined) keeping = keeping.then(() => this.#keep(owned, log, snapshot, ids));
      },
      gone: () => {
        this.#owned.delete(id);
        void this.#drop(owned);
      },
    };
    let keeping = Promise.resolve();
    this.#owned.set(id, owned);
    client.actors.adopt(id, plan, owned, kept?.snapshot, calls);
    for (const former of formers) void this.#forget(former);
  }

  /** What the last owner has kept, or if it had come to nothing the one before. */
  async #takeFrom(formers: readonly string[]): Promise<KeptState | undefined> {
    for (const former of formers) {
      const kept = await this.#deps.store.takeFrom(former);
      if (kept !== undefined) return kept;
    }
    return undefined;
  }

  /** Keeps a checkpoint; the log needs the calls before it no more. */
  async #keep(
    { id }: Owned,
    log: CallLog,
    taken: Promise<Uint8Array>,
    ids: readonly string[],
  ): Promise<void> {
    const { store, warn } = this.#deps;
    try {
      const [snapshot, kept] = await Promise.all([taken, log.checkpoint(ids)]);
      if (kept === undefined) return;
      await store.putState(id, { ...kept, snapshot, calls: [] });
      await log.trim(kept.at);
    } catch (error) {
      if (!(error instanceof Fenced))
        warn(`could not keep the state of the detached actor ${id}: ${(error as Error).message}`);
    }
  }

  /** It has ended. */
  async #drop({ name, record, id }: Owned): Promise<void> {
    const { control, warn } = this.#deps;
    try {
      await control.dropActor(name, record.address);
    } catch (error) {
      // While its name leads to it, another host may take it over.
      warn(`could not free the name ${nameKey(name)}: ${(error as Error).message}`);
      return;
    }
    await this.#forget(id);
  }

  /** What an owner has kept of an actor, by the id that it had there, nobody needs any more. */
  async #forget(id: string): Promise<void> {
    const { store, warn } = this.#deps;
    await store
      .forget(id)
      .catch((error) => warn(`could not forget the detached actor ${id}: ${error.message}`));
  }

  /** Whether an owner is there: one that does not answer, and whose host is not heard of, is not. */
  async #isThere(owner: string): Promise<boolean> {
    const { bus, subjects, others } = this.#deps;
    if ((await this.#deps.submitter()).id === owner) return true;
    try {
      await bus.request(subjects.alive(owner), new Uint8Array(), answerMs);
      return true;
    } catch (error) {
      if (isNobodyListening(error)) return false;
      const hosts = new Set(others());
      return [...this.#known.values()].some(
        ({ record }) => ownerOf(record) === owner && hosts.has(record.detached!.host),
      );
    }
  }
}

const ownerOf = ({ address }: NamedActor): string => addressOf(address).owner;
