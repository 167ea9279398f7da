import type { Id } from "../wire/messages.ts";

/** A value on a device, by handle. It is what was put there, and never changes. */
export class GpuBuffer {
  readonly byteLength: number;
  /** For the device alone. */
  readonly id: Id;
  /** The process of the device that has it; with that, it is lost. */
  readonly life: number;
  isFreed = false;

  constructor(id: Id, life: number, byteLength: number) {
    this.id = id;
    this.life = life;
    this.byteLength = byteLength;
  }
}
