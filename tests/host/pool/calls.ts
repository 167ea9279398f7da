import { Call, type CallEnd } from "../../../host/pool/call.ts";
import { Site, type SiteFacts } from "../../../host/pool/site.ts";
import type { ItemWriter } from "../../../host/ring/items.ts";
import { defaultLimits } from "../../../scheduler/protocol/limits.ts";

/** Facts of a site, for tests in which no call runs. */
export const siteFacts = (changes: Partial<SiteFacts> = {}): SiteFacts => ({
  module: { sha256: "ab", manifest: { module: "test" }, needs: [] } as unknown as SiteFacts["module"],
  kernel: "add",
  limits: defaultLimits,
  grant: [],
  seed: { kind: "item" },
  isMap: false,
  ...changes,
});

export type TestCallOptions = { site?: Site; owner?: string; depth?: number; number?: number };

/** A call that writes what it is given, and hears nothing. */
export class TestCall extends Call {
  readonly #write: (items: ItemWriter) => void;

  constructor(write: (items: ItemWriter) => void = () => {}, options: TestCallOptions = {}) {
    const { site = new Site(0, siteFacts()), owner = "", depth = 0, number = 0 } = options;
    super(site, owner, depth, number);
    this.#write = write;
  }

  override write(items: ItemWriter): void {
    this.#write(items);
  }

  override ended(_: CallEnd): void {}
  override endedWithNumber(): void {}
  override said(): void {}
}
