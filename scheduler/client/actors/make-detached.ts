import type { Bus } from "../../bus/bus.ts";
import { type ActorAddress, addressOf } from "../../protocol/actor-address.ts";
import { decodeMadeDetached, encodeMessage } from "../../protocol/codec.ts";
import {
  ConnectionError,
  fromWireError,
  InfeasibleTaskError,
  LimitExceededError,
} from "../../protocol/errors.ts";
import type { MakeDetached } from "../../protocol/messages.ts";
import type { Subjects } from "../../protocol/subjects.ts";

/** How long a host may take to answer, and how soon another is asked. */
const answerMs = 5_000;
const retryMs = 100;

export type MakingDetached = {
  bus: Bus;
  subjects: Subjects;
  /** How long a host is waited for. */
  infeasibleAfterMs: number;
};

/**
 * Has a host make and own a detached actor. Returns where that is called, or the one that has the name already, if it may.
 * @throws ActorAlreadyExistsError, LimitExceededError, and InfeasibleTaskError when there is no host
 */
export async function makeDetached(
  { bus, subjects, infeasibleAfterMs }: MakingDetached,
  request: MakeDetached,
): Promise<ActorAddress> {
  const payload = encodeMessage(request);
  checkBytes(request.label, payload.byteLength, Math.floor(bus.maxPayloadBytes / 2));
  const untilMs = performance.now() + infeasibleAfterMs;
  for (;;) {
    try {
      const reply = decodeMadeDetached(await bus.request(subjects.detached, payload, answerMs));
      if (reply.kind === "error") throw fromWireError(reply.error);
      return addressOf(reply.address);
    } catch (error) {
      // No host is there yet, or the one that was asked has died.
      if (!(error instanceof ConnectionError)) throw error;
      if (performance.now() > untilMs) throw noHost(request.label, infeasibleAfterMs, error);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** It is kept in the registry of names, whose records are messages. */
function checkBytes(label: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new LimitExceededError(
    `the arguments of the detached actor ${label} take ${bytes} bytes; they may have ${most}`,
    {
      remedy: "Make it with less, and give it the rest by a call.",
      data: { limit: "detached", bytes },
    },
  );
}

const noHost = (label: string, afterMs: number, cause: Error) =>
  new InfeasibleTaskError(`no host has made the detached actor ${label} in ${afterMs} ms`, {
    remedy: "Start a host: wray host.",
    cause,
  });
