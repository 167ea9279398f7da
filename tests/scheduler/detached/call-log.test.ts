import { CallLog, messageOf, placeOf } from "../../../scheduler/detached/call-log.ts";
import type { CallOutcome, KeptState, LogEntry, LoggedCall } from "../../../scheduler/protocol/messages.ts";
import { encodeValue } from "../../../scheduler/protocol/value.ts";
import { assert, suite } from "../../support/index.ts";
import { forSeedsInTurn, type Random } from "../seeds.ts";

const test = suite("detached/call-log");
const bytes = (value: number) => [encodeValue(value)];
const value = (number: number): CallOutcome => ({ kind: "value", value: encodeValue(number) });

/** A log in this process, of which each write takes a turn of the event loop. */
function storeOf() {
  const messages: { at: number; entries: readonly LogEntry[] }[] = [];
  let last = 0;
  const append = async (entries: readonly LogEntry[], after: number) => {
    await new Promise((resolve) => setImmediate(resolve));
    if (after !== last) return undefined;
    last += 3;
    messages.push({ at: last, entries });
    return last;
  };
  const trim = async (number: number) => {
    while (messages.length > 0 && messages[0]!.at < number) messages.shift();
  };
  const end = async () => {
    while ((await append([], last)) === undefined);
  };
  return { messages, append, trim, end };
}

test("calls are written in their order, those that wait together, and one whose argument fails not at all", async () => {
  const store = storeOf();
  const log = new CallLog(store, [], []);
  let give = (_: Uint8Array[]) => {};
  const late = new Promise<Uint8Array[]>((resolve) => {
    give = resolve;
  });
  const call = (number: number) => ({ caller: "c", number, method: "m" });
  const written = [
    log.call("r-0", call(0), bytes(0)),
    log.call("r-1", call(1), late),
    log.call("r-2", call(2), Promise.reject(new Error("no"))),
    log.call("r-3", call(3), bytes(3)),
  ];
  await written[0];
  assert.equal(
    store.messages.map(({ entries }) => entries.length),
    [1],
  );
  give(bytes(1));
  await Promise.all(written);
  assert.equal(
    store.messages.flatMap(({ entries }) => entries.map(({ number }) => number)),
    [0, 1, 3],
  );
});

test("whoever has been taken over can't write any more", async () => {
  const store = storeOf();
  const log = new CallLog(store, [], []);
  await log.call("r-0", { caller: "c", number: 0, method: "m" }, bytes(0));
  await store.end();
  for (const number of [1, 2]) {
    const error = await log
      .call(`r-${number}`, { caller: "c", number, method: "m" }, bytes(1))
      .catch((error) => error);
    assert.match(error.message, "somebody else has taken over");
  }
});

test("answers to calls of a checkpoint are kept until the caller waits for them no more", async () => {
  const log = new CallLog(storeOf(), [], []);
  for (const number of [0, 1, 2]) {
    await log.call(`r-${number}`, { caller: "c", number, method: "m" }, bytes(number));
    log.answered(`r-${number}`, { caller: "c", number, outcome: value(number) });
  }
  assert.is(log.answerTo("c", 0), undefined);
  const kept = await log.checkpoint(["r-0", "r-1"]);
  assert.equal(
    kept?.answers.map(({ number }) => number),
    [0, 1],
  );
  assert.equal(log.answerTo("c", 1), value(1));
  log.settledBelow("c", 1);
  assert.equal([log.answerTo("c", 0), log.answerTo("c", 1)], [undefined, value(1)]);
  log.settledBelow("c", 3);
  assert.equal((await log.checkpoint(["r-2"]))?.answers, []);
});

/** What an owner knows of an actor that adds up: what it would be, and what its caller was told. */
type Owner = { log: CallLog; store: ReturnType<typeof storeOf>; state: KeptState | undefined; sum: number };

test("whenever an owner dies, the next one has each call that was answered once, and knows those that come again", async () => {
  await forSeedsInTurn(300, async (random) => {
    const told = new Map<number, number>();
    let owner = ownerOf(undefined);
    let count = 0;
    for (let life = 0; life < 4; life++) {
      await live(owner, random, told, () => count++);
      owner = ownerOf(await taken(owner));
      // What was not answered comes again, and so may what was.
      for (let number = 0; number < count; number++) {
        if (told.has(number) && random.happens(0.7)) continue;
        const known = owner.log.answerTo("c", number);
        const replayed = owner.log.replayed("c", number);
        const result =
          known?.kind === "value" ? known : replayed === undefined ? await add(owner, number) : undefined;
        if (told.has(number))
          assert.ok(known !== undefined || replayed !== undefined, "it would be applied twice");
        void result;
        told.set(number, number);
      }
    }
    let expected = 0;
    for (const number of told.keys()) expected += number + 1;
    assert.is(await sumOf(await taken(owner)), expected);
  });
});

function ownerOf(kept: KeptState | undefined): Owner {
  const store = storeOf();
  const calls = (kept?.calls ?? []).map((call, index) => ({ ...call, id: `replayed-${index}` }));
  const log = new CallLog(store, calls, kept?.answers ?? []);
  for (const { id, number } of calls) log.answered(id, { caller: "c", number, outcome: value(number) });
  return {
    ...{ log, store },
    state: kept && { ...kept, at: 0 },
    sum: sumOf(kept),
  };
}

const sumOf = (kept: KeptState | undefined): number =>
  (kept?.snapshot === undefined ? 0 : Number(new TextDecoder().decode(kept.snapshot))) +
  (kept?.calls ?? []).reduce((sum, { number }) => sum + number + 1, 0);

/** Applies a call, whose number is one less than what it adds, and writes it down. */
async function add(owner: Owner, number: number): Promise<void> {
  owner.sum += number + 1;
  owner.log.answered(`r-${number}`, { caller: "c", number, outcome: value(number) });
  await owner.log.call(`r-${number}`, { caller: "c", number, method: "add" }, bytes(number));
}

/** Calls come, some together, and checkpoints are taken, until the owner dies in the middle of it. */
async function live(
  owner: Owner,
  random: Random,
  told: Map<number, number>,
  next: () => number,
): Promise<void> {
  let since: string[] = (owner.state?.calls ?? []).map((_, index) => `replayed-${index}`);
  for (let step = 0; step < 12; step++) {
    const numbers = Array.from({ length: 1 + random.below(4) }, next);
    const added = numbers.map((number) => add(owner, number).then(() => told.set(number, number)));
    since.push(...numbers.map((number) => `r-${number}`));
    if (random.happens(0.4)) {
      const snapshot = new TextEncoder().encode(String(owner.sum));
      const kept = await owner.log.checkpoint(since);
      since = [];
      if (kept !== undefined) {
        owner.state = { ...kept, snapshot, calls: [] };
        if (random.happens(0.8)) await owner.log.trim(kept.at);
      }
    }
    if (random.happens(0.8)) await Promise.all(added);
  }
}

/** As `DetachedStore.takeFrom` does it. */
async function taken({ store, state }: Owner): Promise<KeptState> {
  await store.end();
  await new Promise((resolve) => setImmediate(resolve));
  const calls: LoggedCall[] = [];
  for (const { at, entries } of store.messages) {
    if (at < messageOf(state?.at ?? 0)) continue;
    for (const [index, entry] of entries.entries())
      if (entry.kind === "call" && placeOf(at, index) > (state?.at ?? 0)) calls.push(entry);
  }
  return { at: 0, answers: [], ...state, calls: [...(state?.calls ?? []), ...calls] };
}
