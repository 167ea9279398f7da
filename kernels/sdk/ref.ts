import * as host from "./wray";

/** What a `Ref` of any type is to the host. */
export class AnyRef {
  constructor(
    /** The host's number for it. */
    readonly number: i32,
  ) {}
}

/** The future of a nested task's result, or of a value that was put. It lives as long as the task that made it. */
export class Ref<T> extends AnyRef {
  constructor(number: i32) {
    super(number);
  }

  /** Lets the host forget it: for tasks that make very many. It is no ref any more. */
  free(): void {
    host.free(this.number);
  }
}
