import type { Subscription } from "../../scheduler/bus/bus.ts";
import { decodeGangMessage, decodeMemberNote, encodeMessage } from "../../scheduler/protocol/codec.ts";
import type { GangPlace, MemberNote } from "../../scheduler/protocol/messages.ts";
import { isName } from "../../scheduler/protocol/subjects.ts";
import { absent } from "./absent.ts";
import { type Answer, Gang } from "./gang.ts";
import { Links, type LinksDeps } from "./links.ts";

/** How often members say that they are there, as long as others are missing. */
export const sayAgainMs = 250;

export type GangsDeps = LinksDeps & {
  /** Wakes a worker that waits, by its index. */
  wake(worker: number): void;
};

type Known = { gang: Gang; subscription: Subscription };

/** The gangs that have members on this host. Their hosts hear of each other by a subject of the gang's own. */
export class Gangs {
  readonly #deps: GangsDeps;
  readonly #links: Links;
  readonly #gangs = new Map<string, Known>();
  readonly #subscriptions: Subscription[];
  #saying: NodeJS.Timeout | undefined;

  constructor(deps: GangsDeps) {
    this.#deps = deps;
    const { bus, subjects, hostId } = deps;
    this.#links = new Links(deps);
    this.#subscriptions = [
      bus.subscribe(subjects.gangs(hostId), (payload, respond) => {
        const message = decodeGangMessage(payload);
        const gang = this.#gangs.get(message.group)?.gang;
        if (gang?.isHere(message.to) !== true || !gang.has(message.from)) return;
        if (message.kind === "bytes") this.#links.came(gang, message);
        else void this.#links.asked(gang, message).then((reply) => respond(encodeMessage(reply)));
      }),
      bus.onReconnect(() => this.#links.reconnected()),
    ];
  }

  /** A call of a gang has come here. */
  begin({ group, rank, size }: GangPlace): void {
    let known = this.#gangs.get(group);
    if (known === undefined) {
      if (!isName(group)) return;
      const { bus, subjects, hostId, wake } = this.#deps;
      const subscription = bus.subscribe(subjects.gang(group), (payload) =>
        this.#heard(decodeMemberNote(payload)),
      );
      known = { gang: new Gang(group, size, hostId, wake), subscription };
      this.#gangs.set(group, known);
    }
    known.gang.begin(rank);
  }

  /** A member that runs here wants to talk to the others: it is answered when it can, or when one never will. */
  join({ group, rank }: GangPlace, answer: Answer): void {
    const gang = this.#gangs.get(group)?.gang;
    if (gang === undefined) return;
    gang.join(rank, answer);
    this.#say(gang);
    this.#sayAgain();
    this.#look(gang);
  }

  /** Something moved in the rings of a member here. */
  moved({ group, rank }: GangPlace): void {
    this.#gangs.get(group)?.gang.moved(rank);
  }

  /** A member here is over. @param hasReturned whether it has not failed, of which its owner tells the others */
  ended({ group, rank }: GangPlace, hasReturned: boolean): void {
    const gang = this.#gangs.get(group)?.gang;
    if (gang === undefined) return;
    // What it has left in its rings is still on its way.
    gang.moved(rank);
    gang.end(rank, hasReturned);
    if (!hasReturned || gang.members.hasJoined(rank)) return;
    this.#say(gang);
    this.#look(gang);
  }

  /** The owner of a gang has forgotten it. */
  forget(group: string): void {
    const known = this.#gangs.get(group);
    if (known === undefined) return;
    this.#gangs.delete(group);
    known.subscription.unsubscribe();
    known.gang.forget();
    this.#links.forget(known.gang);
  }

  /** A client is gone, and with it the gangs that nobody has forgotten. */
  forgetAllOf(clientId: string): void {
    for (const group of [...this.#gangs.keys()]) if (group.startsWith(`${clientId}-`)) this.forget(group);
  }

  close(): void {
    clearTimeout(this.#saying);
    for (const group of [...this.#gangs.keys()]) this.forget(group);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Tells the other hosts what members here do. */
  #say(gang: Gang): void {
    const { bus, subjects, hostId } = this.#deps;
    for (const rank of gang.on(hostId)) {
      const state = gang.members.hasJoined(rank) ? "joined" : "returned";
      if (state === "returned" && !gang.members.hasEnded(rank)) continue;
      const note: MemberNote = { group: gang.group, rank, host: hostId, state };
      bus.publish(subjects.gang(gang.group), encodeMessage(note));
    }
  }

  /** A message may be lost, or have come before the other host had heard of the gang. */
  #sayAgain(): void {
    this.#saying ??= setTimeout(() => {
      this.#saying = undefined;
      const waiting = [...this.#gangs.values()].filter(
        ({ gang }) => gang.isWaiting && !gang.members.isComplete,
      );
      for (const { gang } of waiting) this.#say(gang);
      if (waiting.length > 0) this.#sayAgain();
    }, sayAgainMs).unref();
  }

  #heard({ group, rank, host, state }: MemberNote): void {
    const gang = this.#gangs.get(group)?.gang;
    if (gang === undefined || host === this.#deps.hostId || !gang.has(rank)) return;
    if (state === "joined") gang.members.join(rank);
    else gang.members.end(rank);
    const isNew = !gang.hosts.has(rank);
    gang.hosts.set(rank, host);
    if (isNew) this.#say(gang);
    this.#look(gang);
  }

  #look(gang: Gang): void {
    const { missing, isComplete } = gang.members;
    if (missing !== undefined) gang.fail(absent(gang.group, missing));
    if (!isComplete) return;
    // What is malformed comes from no host of ours.
    for (const [own, other] of gang.unlinked())
      this.#links.connect(gang, own, other).catch((error) => console.error(`wray: ${error.message}`));
    for (const rank of gang.on(this.#deps.hostId)) gang.answer(rank);
  }
}
