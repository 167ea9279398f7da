import { init } from "wray";

const wray = await init(); // a host inside this process; with { servers: "nats://…" }, the hosts of a cluster
const hello = await wray.load("build/hello.wasm");
const greeting = hello.kernel("greet").remote("Ada"); // a ref of the result, at once
const length = hello.kernel("length").remote(greeting); // a ref can be an argument
console.log(await wray.get([greeting, length]));
await wray.shutdown();
