import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { natsBus } from "../../../scheduler/bus/nats.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("bus/nats, a handshake that is cut off");

const info = 'INFO {"server_id":"S","version":"2.9.10","proto":1,"headers":true,"max_payload":1048576}\r\n';

test("a server that goes away in the middle of a handshake is dialled again at once", async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const number = sockets.push(socket);
    socket.on("error", () => {});
    socket.write(info);
    socket.on("data", (data) => {
      // The first connection works, the second is lost before the server has answered.
      if (number === 2) socket.destroy();
      else if (data.includes("PING")) socket.write("PONG\r\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  // The NATS client would wait for the answer for all of this time, which is longer than a test may take.
  const bus = await natsBus({ servers: `127.0.0.1:${port}`, connectTimeoutMs: 1_000_000 }, "test");
  t.after(() => bus.close());
  const back = new Promise<void>((resolve) => bus.onReconnect(resolve));
  sockets[0]!.destroy();
  await back;
  assert.is(sockets.length, 3);
});
