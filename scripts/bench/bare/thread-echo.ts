// A worker thread that sends every message back.
import { parentPort } from "node:worker_threads";

const port = parentPort!;
port.on("message", (message) => port.postMessage(message));
