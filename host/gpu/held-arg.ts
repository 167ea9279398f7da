import type { Encoded } from "../../scheduler/protocol/value.ts";
import type { StoredObject } from "../objects/stored-object.ts";
import { DeviceValue } from "./device-value.ts";

/** What a task on a GPU is given: a value, or an object that stays where it is until the task has ended. */
export type GpuArg = Encoded | HeldObject;

/** An object that a task on a GPU takes: on the device, or else in memory. */
export class HeldObject {
  readonly object: StoredObject;
  /** Its value on the device, if it was there. */
  readonly value: DeviceValue | undefined;

  private constructor(object: StoredObject, value: DeviceValue | undefined) {
    this.object = object;
    this.value = value;
  }

  /**
   * @param mayStay whether it is taken where it is, on the device
   * @throws ObjectLostError, ObjectStoreFullError, OutOfDiskError
   */
  static async hold(object: StoredObject, mayStay: boolean): Promise<HeldObject> {
    const held = HeldObject.holdNow(object, mayStay);
    if (held !== undefined) return held;
    await object.pinned();
    return new HeldObject(object, undefined);
  }

  /** The same; undefined for what has to be brought here first. */
  static holdNow(object: StoredObject, mayStay: boolean): HeldObject | undefined {
    const { copy } = object;
    if (mayStay && copy instanceof DeviceValue) return new HeldObject(object, copy.use());
    return object.pin() === undefined ? undefined : new HeldObject(object, undefined);
  }

  release(): void {
    if (this.value !== undefined) this.value.free();
    else this.object.unpin();
  }
}
