import source from "worker:./thread-echo.ts";
import { Worker } from "node:worker_threads";
import { check } from "../measure.ts";

type Message = { id: number; args: [number, number] };

/** A worker thread that echoes: the least that work in another thread can cost with `postMessage`. */
export type EchoThread = {
  /** Sends two numbers and checks that they come back. */
  call(index: number): Promise<void>;
  stop(): Promise<unknown>;
};

export function startEchoThread(): EchoThread {
  const worker = new Worker(source, { eval: true });
  const pending = new Map<number, (message: Message) => void>();
  let lastId = 0;
  worker.on("message", (message: Message) => {
    pending.get(message.id)!(message);
    pending.delete(message.id);
  });
  return {
    async call(index) {
      const id = ++lastId;
      const { args } = await new Promise<Message>((resolve) => {
        pending.set(id, resolve);
        worker.postMessage({ id, args: [index, 1] } satisfies Message);
      });
      check("the echo of a thread", args[0] + args[1], index + 1);
    },
    stop: () => worker.terminate(),
  };
}
