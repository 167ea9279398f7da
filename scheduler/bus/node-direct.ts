import { readFileSync, readlinkSync } from "node:fs";
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type Server,
  type Socket,
} from "node:net";
import { ConnectionError } from "../protocol/errors.ts";
import { randomId } from "../protocol/ids.ts";
import { parseAddress } from "./address.ts";
import type { Connection, Direct, Listening, Place, Reader } from "./direct.ts";

const dialTimeoutMs = 1_000;
/** A connection over which nothing has moved for so long is given up: its peer hangs, or is gone without a word. */
const idleMs = 30_000;
/** More than a cluster's hosts at once are no peers. */
const maxConnections = 1_000;
const socketPrefix = "wray-";
const loopback = "127.0.0.1";

/**
 * Direct connections by Node's sockets. Names are abstract unix sockets, which Linux alone has: nothing of them is in
 * the file system, so a process that is killed leaves nothing behind.
 */
export const nodeDirect: Direct = {
  machine: machineName(),

  async listen(accept, address = loopback): Promise<Listening> {
    const { host, port } = parseAddress(address);
    const servers: Server[] = [];
    const open = async (where: ListenOptions) => {
      const server = createServer((socket) => serve(socket, accept));
      server.maxConnections = maxConnections;
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(where, resolve);
      });
      servers.push(server.on("error", () => {}).unref());
      return server.address() as AddressInfo;
    };
    const places: Place[] = [];
    const socket = `${socketPrefix}${randomId(20)}`;
    if (process.platform === "linux") {
      const opened = open({ path: `\0${socket}` }).then(() => places.push({ socket }));
      // Early releases of Node 20 can't; there is the address.
      await opened.catch(() => {});
    }
    const close = () => servers.map((server) => server.close());
    try {
      places.push({ host, port: (await open({ host, port })).port });
    } catch (error) {
      close();
      throw new ConnectionError(`can't listen at ${address}: ${(error as Error).message}`, {
        remedy: "Give --object-address an address of this machine and a port that is free.",
        cause: error,
      });
    }
    return { places, close };
  },

  dial(place, reader) {
    return new Promise((resolve, reject) => {
      const socket = connect({
        ...whereIs(place),
        onread: {
          // Node reads straight into what this returns, so nothing is copied on the way.
          buffer: () => reader.room(),
          callback(byteCount) {
            take(socket, reader, byteCount);
            return true;
          },
        },
      });
      const timer = setTimeout(() => socket.destroy(new Error("no answer")), dialTimeoutMs);
      socket.once("close", () => reject(new ConnectionError("nobody listens there")));
      socket.once("connect", () => {
        clearTimeout(timer);
        resolve(connectionOf(socket, reader));
      });
      socket.once("error", () => clearTimeout(timer));
    });
  },
};

function machineName(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")} ${process.getuid!()}`;
  } catch {
    return undefined;
  }
}

function serve(socket: Socket, accept: (connection: Connection) => Reader): void {
  let reader: Reader | undefined;
  const connection = connectionOf(socket, {
    room: () => reader!.room(),
    took: (byteCount) => reader!.took(byteCount),
    ended: (error) => reader!.ended(error),
  });
  reader = accept(connection);
  socket.on("data", (data: Uint8Array) => {
    for (let offset = 0; offset < data.byteLength && !socket.destroyed; ) {
      const room = reader.room();
      const part = data.subarray(offset, offset + room.byteLength);
      room.set(part);
      offset += part.byteLength;
      take(socket, reader, part.byteLength);
    }
  });
}

function take(socket: Socket, reader: Reader, byteCount: number): void {
  try {
    reader.took(byteCount);
  } catch (error) {
    socket.destroy(error as Error);
  }
}

function connectionOf(socket: Socket, reader: Reader): Connection {
  let cause: Error | undefined;
  socket.setNoDelay(true).setTimeout(idleMs, () => socket.destroy());
  socket.on("error", (error) => {
    cause = error;
  });
  socket.on("close", () => reader.ended(cause));
  return {
    send(parts, sent) {
      if (socket.destroyed) return;
      // Together, since each part by itself is a call of the system.
      socket.cork();
      for (const [index, part] of parts.entries()) {
        if (index < parts.length - 1 || sent === undefined) socket.write(part);
        else socket.write(part, (error) => !error && sent());
      }
      socket.uncork();
    },
    close: () => socket.destroy(),
  };
}

/** @throws ConnectionError for a name of anything else on this machine */
function whereIs(place: Place): { path: string } | { host: string; port: number } {
  if (!("socket" in place)) return place;
  if (place.socket.startsWith(socketPrefix)) return { path: `\0${place.socket}` };
  throw new ConnectionError(`${place.socket} is no name of ours`);
}
