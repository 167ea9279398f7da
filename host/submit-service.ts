import type { Bus, Subscription } from "../scheduler/bus/bus.ts";
import type { Control } from "../scheduler/control/control.ts";
import {
  fromWireError,
  HostDiedError,
  ProtocolError,
  toWireError,
  type WireError,
} from "../scheduler/protocol/errors.ts";
import { randomId } from "../scheduler/protocol/ids.ts";
import { protocolVersion, type Subjects } from "../scheduler/protocol/subjects.ts";
import {
  encodeReply,
  type Format,
  formatOf,
  parseSubmit,
  type SubmitReply,
  type SubmitRequest,
} from "../scheduler/protocol/submit.ts";
import type { Executor } from "./executor.ts";
import type { ModuleSource } from "./modules.ts";
import { runRequest } from "./run-request.ts";
import { version } from "./version.ts";

export type SubmitServiceDeps = {
  bus: Bus;
  subjects: Subjects;
  control: Control;
  modules: ModuleSource;
  executor: Executor;
  hostId: string;
  cluster: string;
};

/** Answers tasks from any NATS client, in JSON or MessagePack. */
export function submitService(deps: SubmitServiceDeps): Promise<Subscription> {
  const { bus, subjects, hostId, cluster } = deps;
  return bus.serve(
    {
      name: "wray",
      version,
      description: "Runs a kernel and answers with its result",
      endpoint: "submit",
      subject: subjects.submit,
      metadata: { host: hostId, cluster },
    },
    async (payload) => {
      const format = formatOf(payload);
      const head: { v: number; host: string; id?: string } = { v: protocolVersion, host: hostId };
      try {
        const request = parseSubmit(payload, format);
        head.id = request.id ?? randomId();
        const reply = encodeReply({ ...head, value: await run(request, head.id, format, deps) }, format);
        if (reply.byteLength <= bus.maxPayloadBytes) return reply;
        throw new ProtocolError(
          `the result has ${reply.byteLength} bytes; the NATS server carries ${bus.maxPayloadBytes}`,
          { remedy: "Get it with the TypeScript client, which fetches it in chunks." },
        );
      } catch (error) {
        return encodeReply(
          { ...head, error: withoutStacks(toWireError(error)) } satisfies SubmitReply,
          format,
        );
      }
    },
  );
}

async function run(
  request: SubmitRequest,
  id: string,
  format: Format,
  deps: SubmitServiceDeps,
): Promise<unknown> {
  const { outcome, plainOf } = await runRequest(request, id, deps);
  switch (outcome.kind) {
    case "value":
      return plainOf(outcome.value, format);
    case "error":
      throw fromWireError(outcome.error);
    case "returned":
      throw new HostDiedError(`host ${deps.hostId} stopped before ${request.kernel} was done`, {
        remedy: "Send the task again; another host answers.",
      });
    case "stored":
      throw new Error("a result without an owner is not stored");
  }
}

/** A stack tells strangers about the host and helps them with nothing. */
export function withoutStacks({ stack: _, cause, ...error }: WireError): WireError {
  return cause === undefined ? error : { ...error, cause: withoutStacks(cause) };
}
