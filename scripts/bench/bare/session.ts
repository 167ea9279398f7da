import { Exchange } from "../../../scheduler/bus/exchange.ts";
import { natsBus } from "../../../scheduler/bus/nats.ts";
import { pullObject } from "../../../scheduler/objects/transfer.ts";
import { decodePacketToClient, encodePacket } from "../../../scheduler/protocol/codec.ts";
import type { Outcome, Task, ToClient, ToHost } from "../../../scheduler/protocol/messages.ts";
import { subjectsOf } from "../../../scheduler/protocol/subjects.ts";

/** A bare client of one host, which says what it likes. */
export type Session = {
  /** Has the host run a task, and tells what came of it. */
  run(task: Omit<Task, "id"> & { id?: string }): Promise<Outcome>;
  send(message: ToHost): void;
  /** The encoded value of a result that the host keeps. */
  read(id: string): Promise<Uint8Array>;
  close(): Promise<void>;
};

export async function openSession(servers: string, hostId: string, cluster = "default"): Promise<Session> {
  const id = `bare${process.pid}`;
  const bus = await natsBus({ servers }, id);
  const subjects = subjectsOf(cluster);
  const pending = new Map<string, (outcome: Outcome) => void>();
  const exchange = new Exchange<ToHost, ToClient>({
    id,
    publish: (to, packet) => bus.publish(subjects.hostTasks(to), encodePacket(packet)),
    deliver: (_, message) => {
      if (message.kind !== "result") return;
      pending.get(message.id)?.(message.outcome);
      pending.delete(message.id);
    },
  });
  bus.subscribe(subjects.clientResults(id), (payload) => exchange.receive(decodePacketToClient(payload)));
  exchange.open(hostId, "s");
  let count = 0;
  const send = (message: ToHost) => exchange.send(hostId, message, 1_000);
  return {
    run: (given) => {
      const task = { id: `${id}-${(count++).toString(36)}`, ...given };
      return new Promise((resolve) => {
        pending.set(task.id, resolve);
        send({ kind: "task", task });
      });
    },
    send,
    read: (ref) => {
      const arg = { ref, at: [{ kind: "host" as const, id: hostId }] };
      return pullObject(bus, subjects, arg, (byteLength) => new Uint8Array(byteLength), {});
    },
    async close() {
      send({ kind: "bye" });
      exchange.flush();
      exchange.close();
      await bus.close();
    },
  };
}
