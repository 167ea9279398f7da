// Spills more than a file may have here, and prints the error and whether all objects are as they were.
import { facts, filled, isFilledWith, openStore } from "./open-store.ts";

const { store } = openStore({ after() {} }, 512 * 1024);
const objects = Array.from({ length: 4 }, (_, byte) => filled(store, 128 * 1024, byte));
await store.settled();
try {
  store.create(128 * 1024, facts);
  console.log("it had room");
} catch (error) {
  const isThere = objects.every((object, byte) => isFilledWith(object.view()!, byte));
  console.log(`${(error as { code: string }).code}: ${isThere ? "all is there" : "some is lost"}`);
}
