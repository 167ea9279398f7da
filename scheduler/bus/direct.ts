/** Where a process listens: at a name that only its own machine knows, or at an address. */
export type Place = { socket: string } | { host: string; port: number };

/** Takes what comes over a connection, straight into memory of its own. */
export type Reader = {
  /** Where the next bytes go; never empty. */
  room(): Uint8Array;
  /** So many bytes are there now. To throw ends the connection. */
  took(byteCount: number): void;
  /** The connection has ended, with what was thrown, or what broke it, if anything. Is called once. */
  ended(error?: Error): void;
};

export type Connection = {
  /**
   * Sends these parts. Calls back once the other side has room for more, and does not when the connection ends
   * before; until then, they must not change.
   */
  send(parts: readonly Uint8Array[], sent?: () => void): void;
  /** Ends the connection at once. */
  close(): void;
};

export type Listening = { places: Place[]; close(): void };

/** Connections to other processes with nobody between: what a browser, for one, does not have. */
export interface Direct {
  /**
   * Names what processes must have in common to open each other's files: the machine since it was started, what they see of
   * its processes, and whose they are. Undefined where there is no such thing.
   */
  readonly machine?: string | undefined;
  /**
   * Listens at a name, where the system has such, and at an address.
   * @param address `host` or `host:port`; by default one that only this machine can reach, and any free port
   */
  listen(accept: (connection: Connection) => Reader, address?: string): Promise<Listening>;
  /** Connects. Rejects when nobody answers within a second or so. */
  dial(place: Place, reader: Reader): Promise<Connection>;
}
