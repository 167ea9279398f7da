// The decorators of actor classes, which the transform reads.

/** Makes an exported class an actor of its module: a host makes one, keeps it, and calls its public methods. */
declare function actor(constructor: new (...args: never[]) => unknown): void;

/** Says that a method of an actor leaves the actor as it was. */
declare function readonly<T extends (...args: never[]) => unknown>(
  target: object,
  key: string,
  descriptor: TypedPropertyDescriptor<T>,
): void;
