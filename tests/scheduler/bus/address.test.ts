import { parseAddress } from "../../../scheduler/bus/address.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("bus/address");

for (const [address, host, port] of [
  ["10.0.0.5", "10.0.0.5", 0],
  ["10.0.0.5:7000", "10.0.0.5", 7_000],
  ["lab-1.local:65535", "lab-1.local", 65_535],
  ["[fd00::1]", "fd00::1", 0],
  ["[fd00::1]:7000", "fd00::1", 7_000],
] as const) {
  test(`parseAddress() reads ${address}`, () => assert.equal(parseAddress(address), { host, port }));
}

for (const address of [
  ...["", ":7000", "a:b", "a:1:2", "fd00::1", "a:65536", "a/b", "tcp://a"],
  ...["0.0.0.0", "0.0.0.0:7000", "[::]", "[::0]:7000"],
]) {
  test(`parseAddress() throws when it gets ${JSON.stringify(address)}`, () => {
    throwsCode(() => parseAddress(address), "INVALID_TASK");
  });
}
