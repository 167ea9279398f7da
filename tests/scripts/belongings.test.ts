import { Belongings } from "../../scripts/belongings.ts";
import { assert, suite } from "../support/index.ts";

const test = suite("demo/belongings");

test("stop() stops everything once, the last first, when it is called twice", async () => {
  const belongings = new Belongings();
  const stopped: string[] = [];
  for (const name of ["server", "host"]) {
    await belongings.start(
      async () => name,
      (name) => stopped.push(name),
    );
  }
  await Promise.all([belongings.stop(), belongings.stop()]);
  assert.equal(stopped, ["host", "server"]);
});

test("stop() stops what is still starting when it is called", async () => {
  const belongings = new Belongings();
  const stopped: string[] = [];
  let finishStart = (_name: string) => {};
  const started = belongings.start(
    () => new Promise<string>((resolve) => (finishStart = resolve)),
    (name) => stopped.push(name),
  );
  const stop = belongings.stop();
  finishStart("server");
  await stop;
  assert.is(await started, "server");
  assert.equal(stopped, ["server"]);
});

test("stop() stops the rest and rejects when one stop fails", async () => {
  const belongings = new Belongings();
  const stopped: string[] = [];
  const start = async () => {};
  await belongings.start(start, () => stopped.push("server"));
  await belongings.start(start, () => Promise.reject(new Error("it hangs")));
  await belongings.start(start, () => {
    throw new Error("it is gone");
  });
  const error = await belongings.stop().then(
    () => assert.unreachable(),
    (error: AggregateError) => error,
  );
  assert.equal(
    error?.errors.map(({ message }) => message),
    ["it is gone", "it hangs"],
  );
  assert.equal(stopped, ["server"]);
});

test("stop() passes over what could not be started", async () => {
  const belongings = new Belongings();
  const failure = await belongings
    .start(
      () => Promise.reject(new Error("no server")),
      () => assert.unreachable(),
    )
    .catch((error: Error) => error.message);
  assert.is(failure, "no server");
  await belongings.stop();
});

test("start() starts nothing when everything is being stopped", async () => {
  const belongings = new Belongings();
  await belongings.stop();
  let isStarted = false;
  const start = async () => {
    isStarted = true;
  };
  assert.ok(await belongings.start(start, () => {}).catch(() => true));
  assert.not(isStarted);
});
