import { ConnectionError } from "../protocol/errors.ts";
import type { Bus, MessageHandler } from "./bus.ts";
import { guarded } from "./guarded.ts";
import { nobodyListens } from "./nobody-listens.ts";

/** A bus inside one process, for a cluster of one. Messages are delivered in order, after the current task.
 * A `*` that ends a subject stands for any one word. */
export function memoryBus(): Bus {
  const handlers = new Map<string, Set<Listener>>();
  let queue: (() => void)[] = [];
  let isClosed = false;

  const deliver = () => {
    const batch = queue;
    queue = [];
    for (const message of batch) message();
  };
  const later = (message: () => void) => {
    if (queue.push(message) === 1) queueMicrotask(deliver);
  };
  const send = (subject: string, payload: Uint8Array, respond: (payload: Uint8Array) => void) => {
    if (isClosed) return;
    const anyOf = subject.replace(/[^.]+$/, "*");
    const listeners = [handlers.get(subject), handlers.get(anyOf)];
    later(() => {
      const queues = new Set<string>();
      for (const { handler, queue } of listeners.flatMap((each) => [...(each ?? [])])) {
        if (queue !== undefined && queues.has(queue)) continue;
        if (queue !== undefined) queues.add(queue);
        guarded(handler)(payload, respond);
      }
    });
  };

  const bus: Bus = {
    maxPayloadBytes: 64 * 1024 * 1024,
    address: "this process",
    isConnected: true,
    publish: (subject, payload) => send(subject, payload, () => {}),
    subscribe(subject, handler, queue) {
      const listeners = handlers.get(subject) ?? new Set();
      const listener = { handler, queue };
      handlers.set(subject, listeners.add(listener));
      return {
        unsubscribe() {
          listeners.delete(listener);
          if (listeners.size === 0) handlers.delete(subject);
        },
      };
    },
    request(subject, payload, timeoutMs) {
      if (isClosed || !handlers.has(subject)) {
        return Promise.reject(nobodyListens(subject));
      }
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new ConnectionError(`no answer on ${subject} within ${timeoutMs} ms`)),
          timeoutMs,
        );
        send(subject, payload, (reply) => {
          clearTimeout(timer);
          later(() => resolve(reply));
        });
      });
    },
    isListening: async (subject) => handlers.has(subject),
    serve: async ({ subject }, handler) =>
      bus.subscribe(subject, (payload, respond) => void handler(payload).then(respond)),
    onReconnect: () => ({ unsubscribe() {} }),
    async close() {
      isClosed = true;
      handlers.clear();
    },
  };
  return bus;
}

type Listener = { handler: MessageHandler; queue: string | undefined };
