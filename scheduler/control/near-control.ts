import type { Bus } from "../bus/bus.ts";
import type { NatsBus } from "../bus/nats.ts";
import { sha256Of } from "../manifest/read.ts";
import { crc32 } from "../objects/crc32.ts";
import { chunkBytesOf, pullChunks, requestObject } from "../objects/pull-chunks.ts";
import { replyOverheadBytes } from "../objects/serve.ts";
import { decodeObjectRequest, encodeMessage } from "../protocol/codec.ts";
import type { ObjectReply } from "../protocol/messages.ts";
import { type Subjects, subjectsOf } from "../protocol/subjects.ts";
import type { Control } from "./control.ts";
import { jetstreamControl } from "./jetstream.ts";

/** Of all that have a module, one is asked. */
const queue = "modules";
/** JetStream answers within a millisecond or so; while it elects a leader, for seconds not at all. */
const graceMs = 200;
/** What claims to be larger is not taken from others. */
const mostBytes = 256 * 1024 * 1024;

/** The control plane of a cluster, by what is near first. @throws ConnectionError when the server has no JetStream */
export const clusterControl = async (bus: NatsBus, cluster: string): Promise<Control> =>
  nearControl(await jetstreamControl(bus.connection, cluster), bus, subjectsOf(cluster));

/**
 * A control plane that no task waits for while it is away: modules come from whoever has them, over the bus, and a name
 * then stands for what it stood for last. All that had a module here answer for it from then on.
 */
export function nearControl(control: Control, bus: Bus, subjects: Subjects): Control {
  const modules = new Map<string, Uint8Array<ArrayBuffer>>();
  const names = new Map<string, string>();
  /** How many questions for names have been without an answer for too long. */
  let lateCount = 0;

  const keep = (sha256: string, bytes: Uint8Array<ArrayBuffer>) => {
    if (modules.has(sha256)) return;
    modules.set(sha256, bytes);
    bus.subscribe(subjects.module(sha256), (payload, respond) => respond(answer(bus, bytes, payload)), queue);
  };
  const lookUp = async (name: string): Promise<string | undefined> => {
    const sha256 = await control.findModule(name);
    if (sha256 !== undefined) names.set(name, sha256);
    return sha256;
  };
  /** What a name stands for, or what it stood for last if there is no answer for too long. */
  const lookUpOr = (name: string, last: string) =>
    new Promise<string | undefined>((resolve) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        lateCount++;
        resolve(last);
      }, graceMs);
      lookUp(name)
        .then(resolve, () => resolve(last))
        .finally(() => {
          clearTimeout(timer);
          if (isLate) lateCount--;
        });
    });

  return {
    ...control,
    putModule(sha256, bytes) {
      if (!modules.has(sha256)) keep(sha256, Uint8Array.from(bytes));
      return control.putModule(sha256, bytes);
    },
    async getModule(sha256) {
      const bytes = modules.get(sha256) ?? (await fetched(control, bus, subjects, sha256));
      if (bytes !== undefined) keep(sha256, bytes);
      return bytes;
    },
    async nameModule(name, sha256) {
      await control.nameModule(name, sha256);
      names.set(name, sha256);
    },
    async findModule(name) {
      const last = names.get(name);
      if (last === undefined) return lookUp(name);
      return lateCount > 0 ? last : lookUpOr(name, last);
    },
  };
}

/** A module from whoever has it, or else, or when that takes long, from where all are kept. */
async function fetched(
  control: Control,
  bus: Bus,
  subjects: Subjects,
  sha256: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const near = pulled(bus, subjects.module(sha256), sha256);
  const bytes = await Promise.race([near, after(graceMs)]);
  if (bytes !== undefined) return bytes;
  const kept = control.getModule(sha256);
  return Promise.any([near.then(given), kept.then(given)]).catch(() => kept);
}

const given = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error("nothing was given");
  return value;
};

const after = (ms: number) =>
  new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms).unref());

/** A module from one of those that have it; undefined when nobody has, or what came is not it. */
async function pulled(
  bus: Bus,
  subject: string,
  sha256: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const first = await requestObject(bus, subject, { id: sha256, offset: 0, length: chunkBytesOf(bus) });
    if (first.data === undefined || first.bytes > mostBytes || first.data.byteLength > first.bytes)
      return undefined;
    const bytes = new Uint8Array(first.bytes);
    bytes.set(first.data);
    const doneBytes = await pullChunks(bus, subject, sha256, bytes, first.data.byteLength, undefined);
    return doneBytes === bytes.byteLength && (await sha256Of(bytes)) === sha256 ? bytes : undefined;
  } catch {
    return undefined;
  }
}

function answer(bus: Bus, bytes: Uint8Array, payload: Uint8Array): Uint8Array {
  const { offset, length } = decodeObjectRequest(payload);
  const data = bytes.subarray(offset, offset + Math.min(length, bus.maxPayloadBytes - replyOverheadBytes));
  return encodeMessage({ bytes: bytes.byteLength, data, sum: crc32(data) } satisfies ObjectReply);
}
