// Makes objects without an end, in a store that spills to the folder that it is given.
import { filled, openStore } from "./open-store.ts";

const { store } = openStore({ after() {} }, 1024 * 1024, { spillFolder: process.argv[2] });
for (let count = 0; ; count++) {
  const object = filled(store, 64 * 1024, count & 255);
  if (count === 100) console.log("it has spilled", store.spilledBytes);
  if (count % 8 === 0) await store.settled();
  if (count > 1_000) object.free();
}
