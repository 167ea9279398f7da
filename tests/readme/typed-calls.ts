import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tsc } from "../kernels/tsc.ts";
import { assert, type Suite } from "../support/index.ts";
import { type Project, root } from "./project.ts";
import { run } from "./shell.ts";

const kernel = `export function greet(name: string): string {
  return "hello, " + name;
}
export function length(text: string): i32 {
  return text.length;
}
export function total(values: Float64Array, by: f64 = 1): i64 {
  return <i64>(values.length * by);
}
export function nothing(): void {}
`;

const actor = `import { Actor, call, get } from "wray/kernels/sdk";

export function ask(counter: Actor): i64 {
  return get(call<i64>(counter, "incr", 1));
}
export function askAll(counters: Actor[]): i32 {
  return counters.length;
}

@actor
export class Counter {
  constructor(private count: i32 = 0) {}
  incr(by: i32): i64 {
    this.count += by;
    return this.hidden();
  }
  private hidden(): i64 {
    return this.count;
  }
}
`;

/** What TypeScript takes, and below what it must not; each such line is wrong in one way. */
const program = `import { type ActorHandle, type ActorModules, ActorPool, init, type Kernel, type Module, type Modules, type ObjectRef, type RefStream } from "wray";
import { init as connect } from "wray/client";

const wray = await init();
const hello = await wray.load<"hello">("build/hello.wasm");
const same: Module<Modules["hello"]> = hello;
const greet = hello.kernel("greet").options({ maxRetries: 0 });
const greeting: ObjectRef<string> = greet.remote("Ada");
const length = hello.kernel("length").remote(greeting);
const [text, count] = await wray.get([greeting, length]);
const shout: string = text.toUpperCase();
const half: number = count / 2;
const counts: number[] = await wray.get([1, 2].map(() => length));
const total = await wray.remote("hello/total");
const sums: bigint[] = [await wray.get(total.remote(wray.put(new Float64Array(2)))), 1n];
total.remote(new Float64Array(2), 3);
const none: undefined | void = await wray.get(hello.kernel("nothing").remote());
const elsewhere = await (await connect({ servers: "nats://127.0.0.1:4222" })).remote("hello/greet");
const { ready } = await wray.wait([elsewhere.remote("Grace")]);
const said: string = await wray.get(ready[0]!);
const fib: bigint = await wray.get((await wray.remote("math/fib")).remote(9));
const dot: number = await wray.get((await wray.remote("vector/dot")).remote(new Float64Array(1), new Float64Array(1)));
const job = await hello.kernel("length").options({ durable: true, id: "typed" }).submit("Ada");
const twice: number = 2 * (await job.result());
const stream: RefStream<number, string> = greet.stream<number>(greeting);
for await (const step of stream) console.log((await wray.get(step)).toFixed(), (await wray.get(stream.result)).trim());
console.log(twice);
console.log(same, shout, half, counts, sums, none, said, fib, dot);

declare const counter: ActorModules["counter"]["Counter"];
counter.create();
const counted: bigint = counter.methods.incr(2);
console.log(counted);

const counters = await wray.load<"counter">("build/counter.wasm");
const own = counters.actor("Counter").remote(1);
const incremented: bigint = await wray.get(own.incr.remote(2));
const asked: bigint = await wray.get(counters.kernel("ask").remote(own));
const askedAll: number = await wray.get(counters.kernel("askAll").remote([own, own, { address: wray.share(own) }]));
const found = await wray.getActor<ActorModules["counter"]["Counter"]>("known", { namespace: "here" });
const byName: bigint = await wray.get(found.incr.remote(2));
console.log(asked, askedAll, byName);
const Queue = await wray.actor("actors/TextQueue");
const queue: ActorHandle<ActorModules["actors"]["TextQueue"]> = Queue.options({ maxRestarts: 1 }).remote();
const popped: string | null = await wray.get(queue.tryPop.remote());
for await (const size of new ActorPool([queue]).map((each) => wray.get(each.size.remote()), [1])) size.toFixed();
const someActor: ActorHandle = (await wray.actor("elsewhere/Whatever")).remote(1, "two");
console.log(incremented, popped, someActor.anything!.remote(3));

const untyped: Module = await wray.load("build/hello.wasm");
const any: Kernel = untyped.kernel("whatever");
const unknown: ObjectRef<unknown> = any.remote(1, "two", greeting);
const unheard: Kernel = await wray.remote("elsewhere/whatever");
const late: string = "hello/later";
const named: Kernel = await wray.remote(late);
console.log(unknown, unheard, named);

// @ts-expect-error: a job takes a text
await hello.kernel("length").options({ durable: true }).submit(5);
// @ts-expect-error: a ref ends with its program
await hello.kernel("length").options({ durable: true }).submit(greeting);
// @ts-expect-error: calls of a job are submitted
hello.kernel("length").options({ durable: true }).remote("Ada");
// @ts-expect-error: no such kernel
hello.kernel("gret");
// @ts-expect-error: no such kernel of a known module
await wray.remote("hello/gret");
// @ts-expect-error: no such kernel of a module that comes with wray
await wray.remote("math/ad");
// @ts-expect-error: no such module
await wray.load<"helo">("build/hello.wasm");
// @ts-expect-error: a number for a string
greet.remote(1);
// @ts-expect-error: a number for a string, whatever it yields
greet.stream<number>(1);
// @ts-expect-error: a ref of a number for a string
greet.remote(length);
// @ts-expect-error: a ref of what nobody knows for a string
greet.remote(unknown);
// @ts-expect-error: a string for a number
counter.methods.incr("2");
// @ts-expect-error: a string for a number, of an actor
own.incr.remote("2");
// @ts-expect-error: a number for an actor
counters.kernel("ask").remote(1);
// @ts-expect-error: a text for an actor in a list
counters.kernel("askAll").remote(["own"]);
// @ts-expect-error: a string for a number, of an actor that was found
found.incr.remote("2");
// @ts-expect-error: no such class of a known module
await wray.actor("actors/Count");
// @ts-expect-error: no such class of a loaded module
counters.actor("Count");
// @ts-expect-error: a number for a text
queue.tryPush.remote(1);
// @ts-expect-error: no such method
queue.push.remote("a");
// @ts-expect-error: a private method
counter.methods.hidden();
// @ts-expect-error: too many for the constructor
counter.create(1, 2);
// @ts-expect-error: too few
greet.remote();
// @ts-expect-error: too many
greet.remote("Ada", "Grace");
// @ts-expect-error: too many beyond an optional one
total.remote(new Float64Array(2), 3, 4);
// @ts-expect-error: a list for a typed array
total.remote([1, 2]);
// @ts-expect-error: the result is a string
const wrong: number = await wray.get(greeting);
// @ts-expect-error: the first of the results is a string
const [first]: number[] = await wray.get([greeting, length]);
`;

const wrongLines = program
  .split("\n")
  .flatMap((line, index) => (line.startsWith("// @ts-") ? [index + 1] : []));

const configs = {
  nodenext: { module: "nodenext", target: "es2022" },
  bundler: { module: "esnext", target: "esnext", moduleResolution: "bundler" },
};

/** Checks the program as a project would whose tsconfig.json says just what is needed. */
async function check(project: Project, options: object, include: string[]): Promise<string> {
  const common = { strict: true, noEmit: true, skipLibCheck: false };
  const types = { typeRoots: [join(root, "node_modules/@types")], types: ["node"] };
  await writeFile(
    join(project.cwd, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...common, ...options, ...types }, include }),
  );
  return (await tsc(["-p", "."], project.cwd)).stdout;
}

/** The tests that calls of kernels are typed for who has installed wray. */
export function typedCallTests(test: Suite, projectOf: () => Project): void {
  test.before(async () => {
    const project = projectOf();
    const path = (name: string) => join(project.cwd, name);
    await mkdir(path("kernels"));
    await writeFile(path("asconfig.json"), '{ "extends": "wray/asconfig.json" }');
    await writeFile(path("kernels/hello.ts"), kernel);
    await writeFile(path("main.mts"), program);
    await writeFile(path("kernels/counter.ts"), actor);
    await run("npx asc kernels/hello.ts -o build/hello.wasm", project);
    await run("npx asc kernels/counter.ts --runtime minimal -o build/counter.wasm", project);
  });

  for (const [name, options] of Object.entries(configs)) {
    test(`tsc takes what is right and refuses what is wrong, line by line, with ${name}`, async () => {
      assert.is(await check(projectOf(), options, ["main.mts", "build"]), "");
    });
  }

  test("tsc takes wrong calls, and knows no such module, without the typings that asc wrote", async () => {
    const output = await check(projectOf(), configs.nodenext, ["main.mts"]);
    // What `load` gives is an error already, so calls of that are, too.
    const unused = [...output.matchAll(/^main\.mts\((\d+),1\): error TS2578/gm)].map(([, line]) =>
      Number(line),
    );
    assert.equal(
      unused,
      wrongLines.filter((line) =>
        /hello\/gret|total\.remote|counters?\.(?!kernel)|own\.|found\./.test(program.split("\n")[line]!),
      ),
    );
    assert.match(output, "error TS2344: Type '\"hello\"' does not satisfy the constraint");
  });

  test("`wray types` writes what asc does, from a module and from a kernel file", async () => {
    const project = projectOf();
    const written = await readFile(join(project.cwd, "build/hello.wasm.d.ts"), "utf8");
    await run("npx wray types build/hello.wasm -o again.d.ts", project);
    assert.is(await readFile(join(project.cwd, "again.d.ts"), "utf8"), written);
    await run("npx wray types kernels/hello.ts", project);
    assert.is(await readFile(join(project.cwd, "hello.wasm.d.ts"), "utf8"), written);
  });
}
