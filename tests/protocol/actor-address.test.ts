import {
  addressOf,
  addressText,
  isActorCall,
  parseAddress,
  parseMethod,
} from "../../scheduler/protocol/actor-address.ts";
import { assert, suite, throwsCode } from "../support/index.ts";

const test = suite("protocol/actor-address");

const address = { owner: "client1", id: "client1-4f", sha256: "0f".repeat(32), actor: "Counter" };
const detached = { namespace: "default", name: "the-sum_1" };

test("an address is what its text says, with the name of a detached actor or without", () => {
  for (const each of [
    { ...address, detached: undefined },
    { ...address, detached },
  ]) {
    assert.equal(parseAddress(addressText(each)), each);
    assert.equal(addressOf(addressText(each)), each);
  }
  assert.equal(parseAddress("actor:@default/the-sum_1"), detached);
});

test("what is no address is refused", () => {
  const text = addressText(address);
  for (const wrong of [
    "",
    "actor:",
    "actor:@a",
    text.slice(1),
    `${text}/x`,
    `${text}@a`,
    text.replace("client1", "*"),
    `${text}\n`,
  ])
    throwsCode(() => parseAddress(wrong), "INVALID_TASK");
  const error = throwsCode(() => parseAddress("x".repeat(10_000)), "INVALID_TASK");
  assert.ok(error.message.length < 300);
  throwsCode(() => addressOf("actor:@default/sum"), "INVALID_TASK");
});

test("a nested call of a method is told from one of a kernel, and has the actor and the method", () => {
  assert.equal([isActorCall("math/add"), isActorCall("actor:@a/b.incr")], [false, true]);
  const actor = addressText({ ...address, detached });
  assert.equal(parseMethod(`${actor}.incr`), { actor, method: "incr" });
  assert.equal(parseMethod("actor:@a/b"), { actor: "actor:@a/b", method: "" });
});
