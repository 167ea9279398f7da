/**
 * Makes sure that a MessagePack message holds as many values as its headers claim. A decoder makes room for an array
 * when it reads the header, so that a few bytes of nested headers could take all memory there is. Every value has at
 * least one byte; at no point may more be due than bytes are left. Formats: msgpack.org, "Formats".
 * @param onExtension is told the type of each extension, and where its bytes are
 * @throws RangeError when it can't be so
 */
export function checkClaims(
  payload: Uint8Array,
  onExtension?: (type: number, start: number, end: number) => void,
): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let offset = 0;
  for (let dueCount = 1; dueCount > 0; dueCount--) {
    if (dueCount > payload.byteLength - offset) {
      throw new RangeError(`${dueCount} values are due in ${payload.byteLength - offset} bytes`);
    }
    const head = view.getUint8(offset++);
    if (head <= 0x7f || head >= 0xe0) continue; // a small integer
    if (head <= 0x8f) dueCount += 2 * (head & 0x0f);
    else if (head <= 0x9f) dueCount += head & 0x0f;
    else if (head <= 0xbf) offset += head & 0x1f;
    else {
      const [sizeBytes, extraBytes, isContainer] = layouts[head - 0xc0]!;
      const size =
        sizeBytes === 1
          ? view.getUint8(offset)
          : sizeBytes === 2
            ? view.getUint16(offset)
            : sizeBytes === 4
              ? view.getUint32(offset)
              : 0;
      offset += sizeBytes + extraBytes;
      if (isContainer) dueCount += head >= 0xde ? 2 * size : size;
      else offset += size;
      if (onExtension !== undefined && isExtension(head)) {
        const start = offset - Math.max(size, extraBytes - 1);
        if (offset > payload.byteLength) throw new RangeError("an extension is cut short");
        onExtension(view.getInt8(start - 1), start, offset);
      }
    }
  }
}

/** Of these, the type stands before the bytes, whether their number is told or fixed. */
const isExtension = (head: number) => (head >= 0xc7 && head <= 0xc9) || (head >= 0xd4 && head <= 0xd8);

type Layout = readonly [sizeBytes: 0 | 1 | 2 | 4, extraBytes: number, isContainer?: true];

/** From 0xc0 on: how many bytes tell a size, how many more follow whatever it is, and whether it counts values. */
const layouts: readonly Layout[] = [
  ...([
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ] as const), // nil, unused, false, true
  ...([
    [1, 0],
    [2, 0],
    [4, 0],
  ] as const), // bin
  ...([
    [1, 1],
    [2, 1],
    [4, 1],
  ] as const), // ext, with a byte for its type
  ...([
    [0, 4],
    [0, 8],
  ] as const), // float
  ...([
    [0, 1],
    [0, 2],
    [0, 4],
    [0, 8],
  ] as const), // uint
  ...([
    [0, 1],
    [0, 2],
    [0, 4],
    [0, 8],
  ] as const), // int
  ...([
    [0, 2],
    [0, 3],
    [0, 5],
    [0, 9],
    [0, 17],
  ] as const), // fixext
  ...([
    [1, 0],
    [2, 0],
    [4, 0],
  ] as const), // str
  ...([
    [2, 0, true],
    [4, 0, true],
  ] as const), // array
  ...([
    [2, 0, true],
    [4, 0, true],
  ] as const), // map
];
