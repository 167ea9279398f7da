import type { Client } from "wray";
import type { Digits } from "../../examples/digits/data.ts";
import type { Belongings } from "../belongings.ts";

/** What the demo trains on a cluster. */
export type Job = {
  wray: Client;
  digits: Digits;
  /** The compiled `examples/digits/kernels/logistic.ts`. */
  module: string;
  /** How often it goes over all images. */
  iterations: number;
  belongings: Belongings;
};
