import { type Host, startHost } from "../hosts.ts";

/** A host of the cluster under chaos, which comes back under its name after it was killed. */
export class ChaosHost {
  readonly id: string;
  readonly #servers: string;
  #host: Host | undefined;
  isFrozen = false;

  constructor(id: string, servers: string) {
    this.id = id;
    this.#servers = servers;
  }

  get isUp(): boolean {
    return this.#host !== undefined;
  }

  async start(): Promise<void> {
    this.#host = await startHost({
      ...{ servers: this.#servers, cpus: 1 },
      args: ["--name", this.id, "--object-store-bytes", String(512 * 1024 * 1024)],
    });
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    if (signal === "SIGKILL") await host?.kill(signal);
    else await host?.stop();
  }

  freeze(): void {
    this.isFrozen = true;
    void this.#host?.kill("SIGSTOP");
  }

  thaw(): void {
    this.isFrozen = false;
    void this.#host?.kill("SIGCONT");
  }
}
