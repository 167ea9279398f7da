import type { Belongings } from "../belongings.ts";
import { type Host, startHost } from "../hosts.ts";
import type { HostEvent, HostState } from "./messages.ts";

/** More would only wait for each other on the machine of a demo. */
export const mostHosts = 8;

type Member = { id: string; state: HostState; host?: Host };

export type FleetOptions = {
  servers: string;
  belongings: Belongings;
  onEvent: (kind: HostEvent["kind"], id: string) => void;
};

/** The host processes of the demo, which come and go while it runs. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #members = new Map<string, Member>();
  #started = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Those that start, are there, or are dead and have not been forgotten, in the order of their start. */
  get members(): readonly Readonly<Member>[] {
    return [...this.#members.values()];
  }

  get hasRoom(): boolean {
    return this.members.filter(({ state }) => state !== "killed").length < mostHosts;
  }

  /**
   * Starts a host of one cpu and waits until it has joined.
   * @throws Error with what the host printed, when it does not join
   */
  async add(): Promise<string> {
    const { servers, belongings, onEvent } = this.#options;
    const id = `host-${++this.#started}`;
    const member: Member = { id, state: "starting" };
    // However it dies: by the button, or by somebody with a terminal.
    const died = () => {
      member.state = "killed";
      onEvent("killed", id);
    };
    this.#members.set(id, member);
    try {
      member.host = await belongings.start(
        () => startHost({ servers, args: ["--name", id] }),
        (host) => {
          host.process.off("exit", died);
          return host.stop();
        },
      );
    } catch (error) {
      this.#members.delete(id);
      throw error;
    }
    member.state = "up";
    onEvent("joined", id);
    member.host.process.once("exit", died);
    return id;
  }

  /** Ends a host by SIGKILL. Returns whether there was one. */
  async kill(id: string): Promise<boolean> {
    const member = this.#members.get(id);
    if (member?.host === undefined || member.state !== "up") return false;
    await member.host.kill();
    return true;
  }

  forget(id: string): void {
    this.#members.delete(id);
  }
}
