import { Segments } from "../../../host/objects/segments.ts";
import { ObjectStore } from "../../../host/objects/store.ts";
import type { StoredObject } from "../../../host/objects/stored-object.ts";
import type { TestContext } from "../../support/index.ts";

export const facts = { owner: "ada", label: "put" } as const;

/** A store, and its segments, that end with the test. */
export function openStore(
  t: Pick<TestContext, "after">,
  capacityBytes: number,
  { maxIdleBytes = capacityBytes / 4, spillFolder = undefined as string | undefined } = {},
) {
  const segments = new Segments({ maxIdleBytes, created() {}, dropped() {} });
  const store = new ObjectStore({ capacityBytes, segments, spillFolder });
  t.after(() => store.close());
  return { store, segments };
}

/** A new object, filled with a byte. */
export function filled(store: ObjectStore, byteLength: number, byte: number): StoredObject {
  const object = store.create(byteLength, facts);
  object.pin()!.bytes.fill(byte, 0, byteLength);
  object.unpin();
  return object;
}

/** Whether all bytes are this one. */
export const isFilledWith = (bytes: Uint8Array, byte: number) =>
  bytes[0] === byte && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
