import { Command, InvalidArgumentError } from "commander";
import { WrayError } from "../../scheduler/protocol/errors.ts";
import { version } from "../version.ts";
import type { AttackCommandOptions } from "./attack-command.ts";
import type { DrainCommandOptions } from "./drain-command.ts";
import { type HostCommandOptions, runHost } from "./host-command.ts";
import type { JobsCommandOptions } from "./jobs-command.ts";
import type { MemoryCommandOptions } from "./memory-command.ts";
import { writeTypings } from "./types-command.ts";

const positiveInteger = (text: string): number => {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("It must be an integer from 1.");
};

/** Collects `name=value`, again and again. */
const pair = (text: string, former: Record<string, string> = {}): Record<string, string> => {
  const [, name, value] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("It must be name=value.");
  return { ...former, [name]: value! };
};

const amount = (text: string, former: Record<string, number> = {}): Record<string, number> => {
  const [[name, value]] = Object.entries(pair(text)) as [[string, string]];
  const number = Number(value);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError("It must be name=amount.");
  return { ...former, [name]: number };
};

const moduleFile = (text: string): string => {
  if (/\.(wasm|ts)$/.test(text)) return text;
  throw new InvalidArgumentError("It must be a module, .wasm, or a kernel file, .ts.");
};

const program = new Command("wray")
  .description("Runs sandboxed WebAssembly tasks on any machine, over NATS.")
  .version(version)
  .showHelpAfterError();

/** The options by which a command proves to NATS who it is. */
const withCredentials = (command: Command): Command =>
  command
    .option("--creds <file>", "NATS credentials file")
    .option("--nkey <file>", "NATS nkey seed file")
    .option("--user <name>", "NATS user")
    .option("--pass <password>", "NATS password")
    .option("--token <token>", "NATS token")
    .option("--tls-ca <file>", "certificate authority of the servers; asks for TLS")
    .option("--tls-cert <file>", "TLS client certificate")
    .option("--tls-key <file>", "TLS client key");

withCredentials(program.command("host"))
  .description("Offer this machine's cpus to a cluster, until SIGTERM or Ctrl-C.")
  .requiredOption("--servers <addresses>", "NATS servers, nats://host:port, with commas between them")
  .option("--cluster <name>", "the cluster to join", "default")
  .option("--cpus <count>", "worker threads (default: what this machine runs at once)", positiveInteger)
  .option("--resource <name=amount>", "what it offers beside its cpus and memory; may be repeated", amount)
  .option("--label <name=value>", "what tasks can ask for in a host; may be repeated", pair)
  .option("--no-gpu", "offer no GPU, even if there is one")
  .option("--name <id>", "the host's id (default: a random one)")
  .option(
    "--object-address <address>",
    "where other machines fetch objects, host or host:port (default: over NATS)",
  )
  .option("--stack-bytes <count>", "stack of each worker (default: 1 MiB)", positiveInteger)
  .option("--max-module-bytes <count>", "largest module (default: 16 MiB)", positiveInteger)
  .option("--max-compile-ms <count>", "time for a module to compile (default: 10,000)", positiveInteger)
  .option("--max-memory-bytes <count>", "most memory of a task (default: 4 GiB)", positiveInteger)
  .option(
    "--memory-limit-bytes <count>",
    "memory of this process past which it ends its newest tasks (default: 90 % of all)",
    positiveInteger,
  )
  .option("--object-store-bytes <count>", "memory for objects (default: 30 % of all)", positiveInteger)
  .option("--spill-folder <path>", "where objects go past 80 % of that (default: that of temporary files)")
  .option(
    "--result-ttl-ms <ms>",
    "how long the cluster keeps results of jobs (default: a week)",
    positiveInteger,
  )
  .action(async (options: HostCommandOptions) => runHost(options));

withCredentials(program.command("memory"))
  .description("Print the objects of a cluster: how large they are, where, and who holds them.")
  .requiredOption("--servers <addresses>", "NATS servers, nats://host:port, with commas between them")
  .option("--cluster <name>", "the cluster", "default")
  .action(async (options: MemoryCommandOptions) => {
    const { runMemoryCommand } = await import("./memory-command.ts");
    await runMemoryCommand(options);
  });

withCredentials(program.command("drain"))
  .description("Have a host leave its cluster: it ends its tasks, or gives them back, and loses nothing.")
  .argument("<host>", "the host's id")
  .requiredOption("--servers <addresses>", "NATS servers, nats://host:port, with commas between them")
  .option("--cluster <name>", "the cluster", "default")
  .option("--deadline-ms <ms>", "how long tasks that run may take to end", positiveInteger, 30_000)
  .action(async (hostId: string, options: DrainCommandOptions) => {
    const { runDrainCommand } = await import("./drain-command.ts");
    await runDrainCommand(hostId, options);
  });

const gpu = program.command("gpu").description("See this machine's GPU, or get one in software.");
gpu
  .command("setup")
  .description("Find an adapter, or unpack one in software into the cache folder; it needs no rights.")
  .action(async () => {
    const { runGpuSetup } = await import("./gpu-command.ts");
    process.exit((await runGpuSetup()) ? 0 : 1);
  });
gpu
  .command("show")
  .description("Print what a host on this machine would offer.")
  .action(async () => {
    const { showGpu } = await import("./gpu-command.ts");
    await showGpu();
  });

const jobs = program
  .command("jobs")
  .description("See what has become of a cluster's jobs, and run them again.");

/** A command of `wray jobs`. */
const jobsCommand = (usage: string, description: string): Command =>
  withCredentials(jobs.command(usage))
    .description(description)
    .requiredOption("--servers <addresses>", "NATS servers, nats://host:port, with commas between them")
    .option("--cluster <name>", "the cluster", "default");

const loadJobs = async () => (await import("./jobs-command.ts")).jobsCommands;

jobsCommand("list", "Print the jobs that the cluster knows of, those still to be done first.").action(
  async (options: JobsCommandOptions) => (await loadJobs()).list(options),
);
jobsCommand("show <id>", "Print what has become of a job.").action(
  async (id: string, options: JobsCommandOptions) => (await loadJobs()).show(id, options),
);
jobsCommand("result <id>", "Wait for the result of a job, and print it.")
  .option("--timeout-ms <ms>", "how long to wait (default: for ever)", positiveInteger)
  .action(async (id: string, options: JobsCommandOptions) => (await loadJobs()).result(id, options));
jobsCommand("dead", "Print the jobs that have failed for good, and why.").action(
  async (options: JobsCommandOptions) => (await loadJobs()).dead(options),
);
jobsCommand("replay [ids...]", "Submit dead jobs again, as they were.")
  .option("--all-dead", "all that there are")
  .action(async (ids: string[], options: JobsCommandOptions) => (await loadJobs()).replay(ids, options));
jobsCommand("cancel <id>", "End a job, run or not.").action(async (id: string, options: JobsCommandOptions) =>
  (await loadJobs()).cancel(id, options),
);

withCredentials(program.command("attack"))
  .description(
    "Send the attack list to a cluster, or to a host inside this process, and see what becomes of it.",
  )
  .option("--servers <addresses>", "NATS servers, nats://host:port, with commas between them")
  .option("--cluster <name>", "the cluster to attack", "default")
  .option("--cpus <count>", "worker threads of the host inside this process", positiveInteger)
  .option("--count <count>", "how many attacks", positiveInteger, 1_000)
  .option("--seed <text>", "repeats an order (default: a random one)")
  .option("--only <text>", "those with this in their name")
  .action(async (options: AttackCommandOptions) => {
    // Only now, because it is the most part of this program.
    const { runAttackCommand } = await import("./attack-command.ts");
    process.exit((await runAttackCommand(options)) ? 0 : 1);
  });

program
  .command("types")
  .description("Write typings of a module, so that TypeScript checks calls of its kernels.")
  .argument("<file>", "a module, .wasm, or a kernel file, .ts, which the project's asc compiles", moduleFile)
  .option("-o, --output <file>", "what to write (default: <module>.wasm.d.ts, beside a .wasm, else here)")
  .action(async (file: string, { output }: { output?: string }) => {
    console.error(`wray: wrote ${await writeTypings(file, output)}`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof WrayError)) throw error;
  console.error(`wray: ${error.message} [${error.code}]`);
  if (error.remedy !== undefined) console.error(`      ${error.remedy}`);
  process.exit(1);
}
