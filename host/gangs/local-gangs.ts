import { Rendezvous } from "../../scheduler/collectives/rendezvous.ts";
import { toWireError } from "../../scheduler/protocol/errors.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import { boardBytes } from "../ring/byte-ring.ts";
import type { NestedReply } from "../worker/messages.ts";
import { absent } from "./absent.ts";

type Answer = (reply: NestedReply) => void;
type Gang = { members: Rendezvous; waiting: Answer[] };

/** The gangs of a host that has all of their members: they share memory. */
export class LocalGangs {
  readonly #gangs = new Map<string, Gang>();

  /** A member wants to talk to the others: it is answered when all do, or one never will. */
  join(place: GangPlace, answer: Answer): void {
    const gang = this.#gangOf(place);
    gang.members.join(place.rank);
    gang.waiting.push(answer);
    this.#look(place.group, gang);
  }

  /** A member has ended, whether it had begun or not. */
  ended(place: GangPlace): void {
    const gang = this.#gangOf(place);
    gang.members.end(place.rank);
    this.#look(place.group, gang);
    if (gang.members.isOver) this.#gangs.delete(place.group);
  }

  /** All of its calls that there are have ended. */
  forget(group: string): void {
    this.#gangs.delete(group);
  }

  #gangOf({ group, size }: GangPlace): Gang {
    let gang = this.#gangs.get(group);
    if (gang === undefined) {
      gang = { members: new Rendezvous(size), waiting: [] };
      this.#gangs.set(group, gang);
    }
    return gang;
  }

  #look(group: string, { members, waiting }: Gang): void {
    const { isComplete, missing, size } = members;
    if (waiting.length === 0 || (!isComplete && missing === undefined)) return;
    const reply: NestedReply = isComplete
      ? { kind: "joined", peers: { board: new SharedArrayBuffer(boardBytes(size)), files: [] } }
      : { kind: "failed", error: toWireError(absent(group, missing!)) };
    for (const answer of waiting.splice(0)) answer(reply);
  }
}
