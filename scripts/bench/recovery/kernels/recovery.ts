// A task that says when it begins, and never ends.
import { progress } from "wray/kernels/sdk";

export function forever(): void {
  progress(0, "begun");
  while (true) {}
}
