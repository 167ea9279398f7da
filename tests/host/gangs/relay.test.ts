import { carrierOver, Relay, readerOf } from "../../../host/gangs/relay.ts";
import { ByteRing, boardBytes, ringCapacity, streamEnd } from "../../../host/ring/byte-ring.ts";
import type { Reader } from "../../../scheduler/bus/direct.ts";
import { forSeeds, type Random } from "../../scheduler/seeds.ts";
import { assert, suite, throwsCode } from "../../support/index.ts";

const test = suite("host/gangs/relay");

/** So large that rings are small. */
const size = 256;
const capacity = ringCapacity(size);

/** A relay of a host, with the ends of its rings that its member has. What moves in these the host hears of at once. */
function openRelay(own: number, other: number) {
  const board = new SharedArrayBuffer(boardBytes(size));
  let relay: Relay | undefined;
  const ring = (from: number, to: number) => new ByteRing(board, size, from, to, () => relay?.pump());
  const [out, from] = [ring(own, other), ring(other, own)];
  relay = new Relay(ring(own, other), ring(other, own), capacity);
  return { relay, out, from };
}

/** Gives bytes to a reader, in pieces of any length. */
function deliver(reader: Reader, bytes: Uint8Array, random?: Random): void {
  for (let at = 0; at < bytes.byteLength; ) {
    const room = reader.room();
    assert.ok(room.byteLength > 0);
    const most = Math.min(room.byteLength, bytes.byteLength - at);
    const count = random === undefined ? most : 1 + random.below(most);
    room.set(bytes.subarray(at, at + count));
    at += count;
    reader.took(count);
  }
}

test("two relays bring all bytes over in order, both ways, however slow the way and the members are", () => {
  forSeeds(20, (random) => {
    const [a, b] = [openRelay(0, 1), openRelay(1, 0)];
    const wires: (() => void)[][] = [[], []];
    const connect = (one: typeof a, wire: (() => void)[], other: typeof a) => {
      const reader = readerOf(other.relay);
      one.relay.start(
        carrierOver({
          send(parts, sent) {
            // It has to keep these until it is told that they were sent.
            wire.push(() => {
              for (const part of parts) deliver(reader, part, random);
              sent?.();
            });
          },
          close() {},
        }),
      );
    };
    connect(a, wires[0]!, b);
    connect(b, wires[1]!, a);
    const total = 5 * capacity;
    const ways = [
      { out: a.out, from: b.from, written: 0, read: 0 },
      { out: b.out, from: a.from, written: 0, read: 0 },
    ];
    while (ways.some(({ read }) => read < total)) {
      const way = random.pick(ways);
      switch (random.below(3)) {
        case 0: {
          const bytes = new Uint8Array(Math.min(random.below(2 * capacity), total - way.written));
          for (let at = 0; at < bytes.length; at++) bytes[at] = (way.written + at) % 251;
          way.written += way.out.write(bytes);
          break;
        }
        case 1: {
          const into = new Uint8Array(random.below(2 * capacity));
          const count = way.from.read(into);
          for (let at = 0; at < count; at++) assert.is(into[at], (way.read + at) % 251);
          way.read += count;
          break;
        }
        case 2:
          random.pick(wires).shift()?.();
      }
    }
    ways[0]!.out.end(streamEnd.closed);
    a.relay.pump();
    while (wires.some((wire) => wire.length > 0)) for (const wire of wires) wire.shift()?.();
    assert.is(ways[0]!.from.ended, streamEnd.closed);
    a.relay.close();
    b.relay.close();
  });
});

test("a peer that sends more than there is room for, or says that more was taken than was sent, is not believed", () => {
  const part = (length: number, taken: number) => {
    const frame = new Uint8Array(12);
    new DataView(frame.buffer).setUint32(0, length, true);
    new DataView(frame.buffer).setUint32(4, taken, true);
    return frame;
  };
  const reader = () => readerOf(openRelay(0, 1).relay);
  throwsCode(() => deliver(reader(), part(capacity + 1, 0)), "PROTOCOL_ERROR");
  throwsCode(() => deliver(reader(), part(0, 1)), "PROTOCOL_ERROR");
  const full = reader();
  deliver(full, part(capacity, 0));
  deliver(full, new Uint8Array(capacity));
  throwsCode(() => deliver(full, part(1, 0)), "PROTOCOL_ERROR");
});

test("a way that breaks ends both streams for the member, who gets what has come", () => {
  const { relay, out, from } = openRelay(0, 1);
  const reader = readerOf(relay);
  const frame = new Uint8Array(12);
  frame[0] = 3;
  deliver(reader, frame);
  deliver(reader, Uint8Array.of(1, 2));
  reader.ended();
  assert.equal([out.ended, from.ended], [streamEnd.broken, streamEnd.broken]);
  assert.is(from.read(new Uint8Array(5)), 2);
});
