import source from "worker:../child/main.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { InfeasibleTaskError } from "../../scheduler/protocol/errors.ts";
import { makeByteFile } from "../wire/byte-file.ts";
import { Channel, type Take } from "../wire/channel.ts";
import type { AdapterInfo, ChildSetup, FromChild, ToChild } from "../wire/messages.ts";

/** Characters of what it has said on stderr. */
const mostSaid = 2_000;

type Started = FromChild & { kind: "ready" | "none" };

/** Dawn takes 0.1 s to start; a device that has none by then hangs. */
const startTimeoutMs = 30_000;

export type GpuChildDeps = {
  receive(message: FromChild, take: Take): void;
  /** It ended, for this reason. Nothing comes from it any more. */
  ended(reason: string): void;
};

/** One process that has a device, as its parent sees it. */
export class GpuChild {
  readonly #process: ChildProcess;
  readonly #channel: Channel;
  readonly #deps: GpuChildDeps;
  /** How it says goodbye. */
  #reason: string | undefined;
  #hasEnded = false;
  readonly exited: Promise<void>;

  private constructor(setup: ChildSetup, deps: GpuChildDeps, started: (message: Started) => void) {
    this.#deps = deps;
    const [outFile, inFile] = [makeByteFile(), makeByteFile()];
    this.#process = spawn(process.execPath, ["--input-type=commonjs", "-"], {
      env: { ...process.env, NODE_OPTIONS: "", WRAY_GPU_SETUP: JSON.stringify(setup) },
      stdio: ["pipe", "ignore", "pipe", "pipe", outFile, inFile],
    });
    const socket = this.#process.stdio[3] as Socket;
    // What is wrong with it, the end of the process tells.
    for (const stream of [socket, this.#process.stdin!]) stream.on("error", () => {});
    this.#process.stdin!.end(source);
    // Dawn and drivers warn of much that is of no interest while all goes well.
    let said = "";
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-mostSaid);
    });
    this.#channel = new Channel({
      socket,
      outFile,
      inFile,
      receive: (message, _, take) => {
        const received = message as FromChild;
        if (this.#hasEnded) return undefined;
        if (received.kind === "ready" || received.kind === "none") started(received);
        else if (received.kind === "lost") this.#reason = `the device was lost: ${received.reason}`;
        else deps.receive(received, take);
        return undefined;
      },
    });
    this.exited = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#end(reason);
        closeSync(outFile);
        closeSync(inFile);
        resolve();
      };
      this.#process.once("error", (error) => end(`it did not start: ${error.message}`));
      this.#process.once("close", (code, signal) => {
        const lines = said.split("\n").filter((line) => !/^(\s*$|\s+at |Node\.js )/.test(line));
        const last = lines.slice(-3).join(" ");
        end(
          this.#reason ?? `it ended with ${signal ?? `exit code ${code}`}${last && `, having said: ${last}`}`,
        );
      });
    });
  }

  /**
   * Starts a process and waits until it has a device.
   * @throws InfeasibleTaskError when there is none to be had
   */
  static async start(
    setup: ChildSetup,
    deps: GpuChildDeps,
  ): Promise<{ child: GpuChild; adapter: AdapterInfo }> {
    const { webgpuUrl, sources, memoryBytes } = setup;
    let timer: NodeJS.Timeout | undefined;
    const started = new Promise<{ child: GpuChild; adapter: AdapterInfo }>((resolve, reject) => {
      let isStarted = false;
      const fail = (reason: string) => reject(new Error(reason));
      const ended = (reason: string) => (isStarted ? deps.ended(reason) : fail(reason));
      const child = new GpuChild({ webgpuUrl, sources, memoryBytes }, { ...deps, ended }, (message) => {
        if (message.kind === "none") return child.kill(message.reason);
        isStarted = true;
        child.unref();
        resolve({ child, adapter: message.adapter });
      });
      timer = setTimeout(() => child.kill(`it has no device after ${startTimeoutMs} ms`), startTimeoutMs);
    });
    try {
      return await started;
    } catch (error) {
      const reason = (error as Error).message;
      throw new InfeasibleTaskError(`there is no GPU: ${reason}`, {
        remedy: "Install a driver, or have `setUpGpu()` unpack a software one.",
        data: { reason },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#process.pid!;
  }

  /** The bytes stay as they are until the returned promise resolves. */
  send(message: ToChild, bytes?: Uint8Array): Promise<void> | undefined {
    return this.#channel.send(message, bytes);
  }

  /** Sends at once what would wait for the end of the turn. */
  flush(): void {
    this.#channel.flush();
  }

  /** Only this ends one of which the device hangs. */
  kill(reason: string): void {
    this.#end(reason);
    // The parent lives until it is gone.
    this.#process.ref();
    this.#process.kill("SIGKILL");
  }

  /** Whether the parent lives on for it. */
  ref(): void {
    this.#process.ref();
    (this.#process.stdio[3] as Socket).ref();
  }

  unref(): void {
    this.#process.unref();
    (this.#process.stderr as Socket).unref();
    (this.#process.stdio[3] as Socket).unref();
  }

  #end(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#deps.ended(reason);
  }
}
