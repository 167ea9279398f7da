// What Piscina runs: the same kernel, in one instance that is never put back.
import { workerData } from "node:worker_threads";

const { exports } = new WebAssembly.Instance(workerData as WebAssembly.Module, { env: { abort() {} } });
const add = exports.add as (a: number, b: number) => number;

export default ([a, b]: [number, number]): number => add(a, b);
