import { memoryBus } from "../../../scheduler/bus/memory.ts";
import type { Control } from "../../../scheduler/control/control.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { nearControl } from "../../../scheduler/control/near-control.ts";
import { sha256Of } from "../../../scheduler/manifest/read.ts";
import { encodeMessage } from "../../../scheduler/protocol/codec.ts";
import { subjectsOf } from "../../../scheduler/protocol/subjects.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("control/near-control");
const subjects = subjectsOf("near");
const module = Uint8Array.from({ length: 1_000_000 }, (_, index) => index * 7);
const sha256 = await sha256Of(module);

/** A store that stops to answer when it is told to. */
function electing() {
  const control = memoryControl();
  const state = { isAway: false, askedCount: 0 };
  const never = new Promise<never>(() => {});
  const asked = <T>(answer: () => Promise<T>) => {
    state.askedCount++;
    return state.isAway ? never : answer();
  };
  const store: Control = {
    ...control,
    getModule: (sha256) => asked(() => control.getModule(sha256)),
    findModule: (name) => asked(() => control.findModule(name)),
    putModule: (sha256, bytes) => asked(() => control.putModule(sha256, bytes)),
  };
  return { store, state };
}

test("getModule() has it from whoever has put or got it while the store is away", async () => {
  const { store, state } = electing();
  const bus = memoryBus();
  const [first, second, third] = [0, 1, 2].map(() => nearControl(store, bus, subjects)) as [
    ...Three<Control>,
  ];
  state.isAway = true;
  void first.putModule(sha256, module);
  assert.equal(await second.getModule(sha256), module);
  assert.equal(await third.getModule(sha256), module);
  assert.is(state.askedCount, 1);
});

type Three<T> = [T, T, T];

test("getModule() has it from the store when nobody has it, or what others give is something else", async () => {
  const { store } = electing();
  await store.putModule(sha256, module);
  const alone = nearControl(store, memoryBus(), subjects);
  assert.equal(await alone.getModule(sha256), module);
  assert.is(await alone.getModule(sha256.replace(/./, "x")), undefined);
  const lies = [
    { bytes: 3, data: Uint8Array.of(1, 2, 3) },
    { bytes: 2, data: Uint8Array.of(1, 2, 3) },
    { bytes: 2 ** 50, data: Uint8Array.of(1, 2, 3) },
    { bytes: 3, data: Uint8Array.of(1, 2, 3), sum: 1 },
    { bytes: 0 },
    { nothing: true },
  ];
  for (const lie of lies) {
    const bus = memoryBus();
    bus.subscribe(subjects.module(sha256), (_, respond) => respond(encodeMessage(lie)));
    assert.equal(await nearControl(store, bus, subjects).getModule(sha256), module);
  }
});

test("findModule() asks the store each time, and gives what a name stood for last while that is away", async () => {
  const { store, state } = electing();
  const near = nearControl(store, memoryBus(), subjects);
  assert.is(await near.findModule("mine"), undefined);
  await near.nameModule("mine", "one");
  await store.nameModule("mine", "two");
  assert.is(await near.findModule("mine"), "two");
  state.isAway = true;
  assert.is(await near.findModule("mine"), "two");
  const { askedCount } = state;
  assert.is(await near.findModule("mine"), "two");
  assert.is(state.askedCount, askedCount);
});
