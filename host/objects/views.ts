import { collectGarbage } from "../worker/collect-garbage.ts";

type View = { wrapper: WeakRef<SharedArrayBuffer>; onGone: () => void };

/**
 * The views of shared memory that the program has been given. Whatever is made of a view, such as a subarray or a
 * DataView, refers to its SharedArrayBuffer; so each view gets an object of its own for the same memory, and that the
 * memory is out of reach follows from that object's being collected.
 */
export class Views {
  readonly #views = new Set<View>();
  readonly #registry = new FinalizationRegistry<View>((view) => this.#end(view));

  /** The same memory by an object of its own; `onGone` is called once, when nothing refers to that any more. */
  open(buffer: SharedArrayBuffer, onGone: () => void): SharedArrayBuffer {
    const wrapper = structuredClone(buffer);
    const view = { wrapper: new WeakRef(wrapper), onGone };
    this.#views.add(view);
    this.#registry.register(wrapper, view);
    return wrapper;
  }

  /** Collects garbage, and ends the views that were part of it now rather than some time later. */
  collect(): void {
    collectGarbage();
    for (const view of this.#views) if (view.wrapper.deref() === undefined) this.#end(view);
  }

  #end(view: View): void {
    if (this.#views.delete(view)) view.onGone();
  }
}
