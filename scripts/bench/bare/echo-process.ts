// node echo-process.mjs <servers>
// The other side of the baselines over NATS: it answers on `echo` with the request, and on `sink` a request with the
// number of bytes that came there before it. It ends with the process that forked it.
import { connect } from "nats";

const connection = await connect({ servers: process.argv[2]! });
connection.subscribe("echo", { callback: (_, message) => void message.respond(message.data) });
let sunkBytes = 0;
connection.subscribe("sink", {
  callback(_, message) {
    sunkBytes += message.data.byteLength;
    if (!message.reply) return;
    message.respond(new TextEncoder().encode(String(sunkBytes)));
    sunkBytes = 0;
  },
});
await connection.flush();
process.once("disconnect", () => process.exit());
process.send!("ready");
