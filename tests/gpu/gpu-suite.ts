import { type GpuDevice, type OpenGpuOptions, openGpu, setUpGpu } from "../../gpu/index.ts";
import { type Suite, suite, type TestContext } from "../support/index.ts";

/** Unpacks a software adapter when the machine has none. */
const setUp = await setUpGpu({ onProgress: (line) => console.error(line) });

/** A suite of tests that need a GPU. Where there is none to be had, each is skipped, and says why. */
export function gpuSuite(name: string): Suite {
  const test = suite(name);
  if (setUp.isReady) return test;
  const reason = `NO GPU, so this is not tested here: ${setUp.reasons.join("; ")}`;
  return Object.assign((title: string) => test.skip(title, reason), test, { before: () => {} });
}

/** A device that is closed when the test, or the suite, ends. */
export async function openDevice(
  { after }: Pick<TestContext, "after">,
  options: OpenGpuOptions = {},
): Promise<GpuDevice> {
  const device = await openGpu(options);
  after(() => device.close());
  return device;
}
