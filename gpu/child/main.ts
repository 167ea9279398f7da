// The process that has the device. Its parent gives it what to do through descriptor 3, with bytes in the files 4 and 5, and
// ends it by SIGKILL when the device hangs; it ends by itself with its parent.
import { Socket } from "node:net";
import { Channel } from "../wire/channel.ts";
import type { ChildSetup, FromChild, ToChild } from "../wire/messages.ts";
import { openDevice } from "./dawn.ts";
import { tamePolling } from "./polling.ts";
import { Session } from "./session.ts";

const setup: ChildSetup = JSON.parse(process.env.WRAY_GPU_SETUP!);
const socket = new Socket({ fd: 3, readable: true, writable: true });
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(0));

let session: Session | undefined;
const channel = new Channel({
  socket,
  outFile: 5,
  inFile: 4,
  receive: (message, _, take) => session?.receive(message as ToChild, take),
});
const send = (message: FromChild) => void channel.send(message);
const end = (message: FromChild) => {
  send(message);
  socket.end();
};

const polling = tamePolling();
openDevice(setup).then(
  ({ device, adapter }) => {
    void device.lost.then(({ message, reason }) => end({ kind: "lost", reason: message || reason }));
    session = new Session(device, setup.memoryBytes, channel, polling.begin);
    send({ kind: "ready", adapter });
  },
  (error: Error) => end({ kind: "none", reason: error.message }),
);
