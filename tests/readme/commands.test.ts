import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connect } from "nats";
import { type Host, startHost } from "../../scripts/hosts.ts";
import { type NatsServer, startNatsServer } from "../../scripts/nats/index.ts";
import { assert, suite, type TestContext } from "../support/index.ts";
import { type Block, blocksOf, commandsInText, commandsOf, outputAfter } from "./blocks.ts";
import {
  createProject,
  installCommand,
  linkTool,
  type Project,
  packCommand,
  readPackage,
  root,
} from "./project.ts";
import { run, type ShellOptions, start } from "./shell.ts";

const test = suite("README");

const readme = await readFile(join(root, "README.md"), "utf8");
const blocks = blocksOf(readme);
const files = blocks.filter(({ file }) => file !== undefined);
const fileNamed = (name: string) => files.find(({ file }) => file === name)!;

/** The address that README writes, where the tests have another port. */
const address = "nats://127.0.0.1:4222";

let project: Project;
let here: ShellOptions;
let server: NatsServer;
let host: Host;

test.before(
  async (t) => {
    server = await startNatsServer();
    t.after(() => server.stop());
    host = await startHost({ servers: server.url });
    t.after(() => host.stop());
    project = await createProject(t);
    here = { cwd: root, npmCache: project.npmCache };
    for (const { file, text } of files) {
      const path = join(project.cwd, file!);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, atServer(text));
    }
  },
  { timeoutMs: 60_000 },
);

const atServer = (text: string, { url } = server) => text.replaceAll(address, url);

type Reply = { v: number; host: string; id: string; value: unknown };

/** What `nats request` does, which is not a package of npm. */
async function natsRequest(command: string, { url }: NatsServer): Promise<Reply> {
  const [, subject, payload] = /^nats request (\S+) '(.*)'$/.exec(command)!;
  const nats = await connect({ servers: url });
  try {
    return (await nats.request(subject!, payload!)).json<Reply>();
  } finally {
    await nats.close();
  }
}
const addByNats = 'nats request wray.v1.default.submit \'{"kernel":"math/add","args":[1,2]}\'';

/** How each command of README is tried. A command that is not here fails, and so does one that README lacks. */
const trials: Record<string, (t: TestContext, command: string) => Promise<unknown>> = {
  "npm ci && npm run demo": (_, command) => isRunBeforeEachChange(command),
  // What it does, tests/examples/demo.test.ts tells.
  "npm run demo -- --parameter-server": async () => assert.ok((await readPackage(root)).scripts.demo),
  // What it does, tests/scripts/demo-run/ tells.
  "npm run demo:run": async () => assert.ok((await readPackage(root)).scripts["demo:run"]),
  "npm ci && npm test": (_, command) => isRunBeforeEachChange(command),
  "npm run bench": async () => assert.ok((await readPackage(root)).scripts.bench),
  "npm run chaos": async () => assert.ok((await readPackage(root)).scripts.chaos),
  "npm run simulate -- --faults": async () => assert.ok((await readPackage(root)).scripts.simulate),

  "npx asc examples/hello/kernels/hello.ts -o build/hello.wasm": (_, command) => run(command, here),
  "node build/examples/hello/main.mjs": async (_, command) =>
    assert.is(await run(command, here), outputOf(fileNamed("main.mjs"))),

  [packCommand]: async () => assert.ok((await readdir(project.parent)).includes("wray-0.1.0.tgz")),
  [installCommand]: async () =>
    assert.is((await readPackage(project.cwd)).dependencies.wray, "file:../wray-0.1.0.tgz"),
  "npx asc kernels/hello.ts -o build/hello.wasm": (_, command) => run(command, project),
  "node main.mjs": async (_, command) =>
    assert.is(await run(command, project), outputOf(fileNamed("main.mjs"))),

  "nats-server -js": async () => assert.ok(server.process.spawnargs.includes("-js")),
  "npx wray host --servers nats://127.0.0.1:4222": async (t, command) => {
    const started = start(t, atServer(command), project);
    await started.printed(/^wray host \w+ joined cluster default at .* \(\d+ cpus\)$/);
    await started.stop();
    await started.printed(/^wray host \w+ left$/);
  },
  "npx wray drain <host>": async (t, command) => {
    const started = start(t, `npx wray host --servers ${server.url} --name leaving`, project);
    await started.printed(/^wray host leaving joined/);
    await run(`${command.replace("<host>", "leaving")} --servers ${server.url}`, project);
    await started.printed(/^wray host leaving left$/);
  },
  "npx wray attack": async (_, command) =>
    assert.match(await run(`${command} --count 20`, project), /^all attacks repelled$/m),
  "node wray.mjs host --servers nats://127.0.0.1:4222 --name lab-1 --cpus 2": async (t, command) => {
    const alone = await startNatsServer();
    t.after(() => alone.stop());
    const cwd = join(project.parent, "alone");
    await mkdir(cwd);
    await copyFile(join(root, "dist/wray.mjs"), join(cwd, "wray.mjs"));
    const started = start(t, atServer(command, alone), { ...project, cwd });
    assert.is(`${await started.printed(/joined/)}\n`, atServer(outputOf(blockOf(command)), alone));
    const { host, value } = await natsRequest(addByNats, alone);
    assert.equal({ host, value }, { host: "lab-1", value: 3 });
    await started.stop();
  },

  "npm install apache-arrow": async (_, command) => {
    const runs = async (program: string) => {
      await writeFile(join(project.cwd, "table.mjs"), program);
      return run("node table.mjs", project);
    };
    const missing = await runs(`import { init } from "wray";
      const wray = await init({ cpus: 1 });
      const ref = wray.put({ [Symbol.for("apache-arrow/Table")]: true });
      await wray.get(ref).catch((error) => console.log(error.remedy));
      await wray.shutdown();`);
    assert.is(missing, `${command}\n`);
    // There is no network.
    await linkTool("apache-arrow", "arrow2csv", "bin/arrow2csv.js", project.cwd);
    const found = await runs(`import { Table, tableFromArrays } from "apache-arrow";
      import { init } from "wray";
      const wray = await init({ cpus: 1 });
      const table = await wray.get(wray.put(tableFromArrays({ a: [1, 2], b: ["x", "y"] })));
      console.log(Object.getPrototypeOf(table) === Table.prototype, table.getChild("b").get(1));
      await wray.shutdown();`);
    assert.is(found, "true y\n");
  },

  [addByNats]: async (_, command) => {
    const shown: Reply = JSON.parse(/`(\{"v":.*?\})`/.exec(readme)![1]!);
    const { id, ...given } = await natsRequest(command, server);
    assert.is(id.length, shown.id.length);
    assert.equal({ ...given, id: shown.id }, { ...shown, host: host.id });
  },
};

const blockOf = (command: string) =>
  blocks.find((block) => block.language === "sh" && commandsOf(block).includes(command))!;

/** What README says that a program or command prints. */
function outputOf(block: Block): string {
  const output = outputAfter(blocks, block);
  if (output === undefined)
    throw new Error(`README does not say what the block of line ${block.line} prints`);
  return output;
}

/** The gate runs these, and a test can't run the tests. */
async function isRunBeforeEachChange(command: string) {
  const gate = (await readFile(join(root, ".ci/run"), "utf8")).split("\n");
  for (const part of command.split(" && ")) assert.ok(gate.includes(part), `${part} is not in .ci/run`);
}

const inBlocks = blocks.filter(({ language }) => language === "sh").flatMap(commandsOf);
const commands = new Set([...inBlocks, ...commandsInText(readme)]);

for (const command of commands) {
  const trial = trials[command];
  test(
    `its command does what it says: ${command}`,
    async (t) => {
      if (trial === undefined) throw new Error("no trial of it is in tests/readme/commands.test.ts");
      await trial(t, command);
    },
    // wray attack warms up, and waits for memory to come to rest.
    { timeoutMs: 120_000 },
  );
}

for (const program of files.filter(
  ({ language, file }) => language === "js" && !commands.has(`node ${file}`),
)) {
  test(`its program prints what it shows: ${program.file}`, async () => {
    assert.is(await run(`node ${program.file}`, project), outputOf(program));
  });
}

test("it has every command that is tried here", () => {
  assert.equal(
    Object.keys(trials).filter((command) => !commands.has(command)),
    [],
  );
});

test("its blocks are commands, whole files, or text", () => {
  const strange = blocks.filter(({ language, file }) =>
    language === "sh" || language === "text" ? file !== undefined : file === undefined,
  );
  assert.equal(strange, []);
});

test("its program is examples/hello", async () => {
  const example = (path: string) => readFile(join(root, "examples/hello", path), "utf8");
  assert.is(fileNamed("kernels/hello.ts").text, await example("kernels/hello.ts"));
  assert.is(fileNamed("main.mjs").text, await example("main.ts"));
});

test("it names every option of `wray host`", async () => {
  const help = await run("npx wray host --help", project);
  const options = [...help.matchAll(/^ +(?:-h, )?(--[a-z-]+)/gm)].map(([, option]) => option!);
  const named = new Set([...readme.matchAll(/(?<![\w-])--[a-z-]+/g)].map(([option]) => option));
  assert.equal(
    options.filter((option) => !named.has(option) && option !== "--help"),
    [],
  );
});
