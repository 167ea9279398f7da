import { ObjectRef } from "wray";
import { assert, rejects, type Suite, throwsCode } from "../support/index.ts";
import type { Api } from "./suite.ts";

/** How objects are let go of, and what keeps them: `free`, `using`, and refs inside values. */
export function freeTests(test: Suite, api: () => Api): void {
  test("free() makes a ref of no use, and that of a list each", async () => {
    const { wray, probe } = api();
    const refs = [wray.put(1), wray.put("x".repeat(50_000)), probe.kernel("bytes").remote(50_000, 1)];
    const [one, ...others] = refs as [ObjectRef, ...ObjectRef[]];
    wray.free(one);
    wray.free(others);
    for (const ref of refs) {
      const { message } = await rejects(wray.get(ref), "INVALID_TASK");
      assert.match(message, "is no ref of this client, or was freed");
      await rejects(wray.wait([ref]), "INVALID_TASK");
      throwsCode(() => wray.free(ref), "INVALID_TASK");
      throwsCode(() => probe.kernel("positive").remote(ref), "INVALID_TASK");
    }
  });

  test("free() rejects what is no ref of this client, and frees nothing then", async (t) => {
    const { wray, connect } = api();
    const [own, other] = [wray.put(1), (await connect(t)).put(1)];
    throwsCode(() => wray.free([own, other]), "INVALID_TASK");
    throwsCode(() => wray.free(5 as unknown as ObjectRef), "INVALID_TASK");
    assert.is(await wray.get(own), 1);
  });

  test("free() leaves to tasks what they take, and to a get what it waits for", async () => {
    const { wray, probe } = api();
    const join = probe.kernel("join");
    for (const size of [10, 50_000]) {
      const text = wray.put("x".repeat(size));
      const first = join.remote(text, "1");
      const second = join.remote(first, text);
      const got = wray.get(second);
      wray.free([text, first, second]);
      assert.is(await got, `${"x".repeat(size)}1${"x".repeat(size)}`);
    }
  });

  test("using lets go of a ref at the end of its block", async () => {
    const { wray } = api();
    let outside: ObjectRef<number>;
    {
      using ref = wray.put(7);
      outside = ref;
      assert.is(await wray.get(ref), 7);
    }
    await rejects(wray.get(outside), "INVALID_TASK");
  });

  test("put() takes refs inside a value, and get() gives them again", async () => {
    const { wray, probe } = api();
    const made = probe.kernel("bytes").remote(50_000, 3);
    const expected = await wray.get(made);
    const outer = wray.put({ list: [wray.put("small"), made], again: made });
    const value = (await wray.get(outer)) as { list: ObjectRef[]; again: ObjectRef };
    assert.instance(value.again, ObjectRef);
    assert.is(value.again.id, made.id);
    assert.equal(await wray.get(value.list), ["small", expected]);
  });

  test("an object is kept as long as a value holds its ref, however deep", async () => {
    const { wray } = api();
    const leaf = wray.put("x".repeat(50_000));
    const middle = wray.put([leaf]);
    const outer = wray.put({ middle });
    wray.free([leaf, middle]);
    await rejects(wray.get(leaf), "INVALID_TASK");
    const { middle: inner } = (await wray.get(outer)) as { middle: ObjectRef<[ObjectRef<string>]> };
    const [again] = await wray.get(inner);
    assert.is((await wray.get(again)).length, 50_000);
    wray.free(outer);
    // The program holds these refs again.
    assert.is((await wray.get(again)).length, 50_000);
  });

  test("put() of refs in refs, 20,000 deep, is let go of from the outside", async () => {
    const { wray } = api();
    let ref: ObjectRef = wray.put("leaf");
    for (let depth = 0; depth < 20_000; depth++) {
      const outer = wray.put([ref]);
      wray.free(ref);
      ref = outer;
    }
    wray.free(ref);
    await rejects(wray.get(ref), "INVALID_TASK");
  });

  test("put() refuses a value that holds a ref of another client, or one that was freed", async (t) => {
    const { wray, connect } = api();
    const freed = wray.put(1);
    wray.free(freed);
    for (const ref of [(await connect(t)).put(1), freed]) {
      const { message } = throwsCode(() => wray.put([ref]), "INVALID_TASK");
      assert.match(message, "is no ref of this client");
    }
  });

  test("remote() fails where a value that holds refs is given as a ref", async () => {
    const { wray, probe } = api();
    const failed = wray.get(probe.kernel("Float64Array_").remote(wray.put([wray.put(1)])));
    const { message } = await rejects(failed, "PROTOCOL_ERROR");
    assert.match(message, "is inside of a value that may hold none");
  });
}
