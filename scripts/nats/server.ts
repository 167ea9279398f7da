import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, NatsServerError } from "./error.ts";
import { atExit, dieWithParent } from "./lifetime.ts";
import { readyPort } from "./ready.ts";

/** How long a server may take to close its store before it is killed. */
const STOP_TIMEOUT_MS = 5_000;

export type NatsServerSetup = {
  executable: string;
  /** Its temp folder, which holds `nats.conf` and goes with it. */
  folder: string;
  storeDir: string;
  jetstream: boolean;
  /** Where it listens. */
  address: string;
  /** -1 is a free one. */
  port: number;
};

/** A nats-server that this process starts. It ends with the process at the latest. */
export class NatsServer {
  readonly #setup: NatsServerSetup;
  readonly #forget: () => void;
  #port: number;
  #child: ChildProcess | undefined;

  constructor(setup: NatsServerSetup) {
    this.#setup = setup;
    this.#port = setup.port;
    this.#forget = atExit(() => {
      this.#child?.kill("SIGKILL");
      // The kernel may need a moment to end it, in which it can still create a file.
      rmSync(setup.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    });
  }

  /** The port for clients, which stays the same when the server is restarted. */
  get port(): number {
    return this.#port;
  }

  /** What clients connect to. */
  get url(): string {
    return `nats://${this.#setup.address}:${this.#port}`;
  }

  /** Where JetStream keeps its data. */
  get storeDir(): string {
    return this.#setup.storeDir;
  }

  /** The process that runs now or ran last. */
  get process(): ChildProcess {
    if (!this.#child) throw new Error("nats-server was never started");
    return this.#child;
  }

  /**
   * Starts the server, after stopping it if it runs, and waits until it is ready. It comes back on the same port
   * with the same store.
   *
   * @throws NatsServerError NATS_SERVER_START_FAILED with the last lines of its log.
   */
  async restart(): Promise<void> {
    await this.#end();
    const { executable } = this.#setup;
    const [program = executable, ...args] = [...(await dieWithParent()), executable, ...this.#args()];
    // A group of its own, so that Ctrl-C in a terminal reaches us alone, and we stop it after its clients.
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    this.#child = child;
    try {
      this.#port = await readyPort(child);
    } catch (error) {
      const place = this.#port === -1 ? "a free port" : `port ${this.#port}`;
      throw new NatsServerError(
        "NATS_SERVER_START_FAILED",
        `nats-server on ${place} of ${this.#setup.address}: ${messageOf(error)}\n  (${executable})`,
      );
    }
  }

  /** Ends the server with a signal, by default as a crash would, and waits until it is gone. */
  async kill(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    const child = this.#child;
    const runs = child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
    if (!runs) return;
    const gone = once(child, "exit");
    child.kill(signal);
    // One that is frozen by SIGSTOP would never see another signal than SIGKILL.
    child.kill("SIGCONT");
    await gone;
  }

  /** Stops the server and removes its temp folder. */
  async stop(): Promise<void> {
    await this.#end();
    await rm(this.#setup.folder, { recursive: true, force: true });
    this.#forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #end(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_TIMEOUT_MS);
    try {
      await this.kill("SIGTERM");
    } finally {
      clearTimeout(timer);
    }
  }

  #args(): string[] {
    const { address, folder, jetstream, storeDir } = this.#setup;
    const store = jetstream ? ["-js", "-sd", storeDir] : [];
    return ["-c", join(folder, "nats.conf"), "-a", address, "-p", String(this.#port), ...store];
  }
}
