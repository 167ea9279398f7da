import { Tokens, tokenBytes, tokenMs } from "../../../scheduler/objects/tokens.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("objects/tokens");

const bytesOf = (seed: number) =>
  Uint8Array.from({ length: tokenBytes }, (_, index) => (seed * 31 + index) % 256);

test("redeem() gives what a token was issued for, once", () => {
  const tokens = new Tokens<string>();
  const [a, b] = [tokens.issue("a", 0, bytesOf(1)), tokens.issue("b", 0, bytesOf(2))];
  assert.is(tokens.redeem(b.slice(), 1), "b");
  assert.is(tokens.redeem(a.slice(), 1), "a");
  assert.is(tokens.redeem(a, 1), undefined);
});

test("redeem() gives nothing for a token that was never issued, or differs in one bit", () => {
  const tokens = new Tokens<string>();
  const token = tokens.issue("a", 0, bytesOf(1));
  assert.is(tokens.redeem(bytesOf(2), 0), undefined);
  for (let index = 0; index < tokenBytes; index++) {
    const other = token.slice();
    other[index]! ^= 1;
    assert.is(tokens.redeem(other, 0), undefined);
  }
  assert.is(tokens.redeem(token, 0), "a");
});

test("redeem() gives nothing when the token is too old", () => {
  const tokens = new Tokens<string>();
  const [early, late] = [tokens.issue("a", 0, bytesOf(1)), tokens.issue("b", 1, bytesOf(2))];
  assert.is(tokens.redeem(early, tokenMs), undefined);
  assert.is(tokens.redeem(late, tokenMs), "b");
});

test("forgetOld() lets go of what nobody has asked for in time", () => {
  const tokens = new Tokens<string>();
  tokens.issue("a", 0, bytesOf(1));
  const late = tokens.issue("b", 1, bytesOf(2));
  tokens.forgetOld(tokenMs);
  assert.is(tokens.size, 1);
  assert.is(tokens.redeem(late, tokenMs), "b");
});

test("issue() forgets tokens that are too old, and the oldest when nobody shows them", () => {
  const tokens = new Tokens<number>();
  const tokenOf = (index: number) => {
    const bytes = new Uint8Array(tokenBytes);
    new DataView(bytes.buffer).setUint32(0, index);
    return bytes;
  };
  for (let index = 0; index < 5_000; index++) tokens.issue(index, 0, tokenOf(index));
  assert.is(tokens.size, 1_000);
  assert.is(tokens.redeem(tokenOf(4_000), 0), 4_000);
  assert.is(tokens.redeem(tokenOf(3_999), 0), undefined);
  tokens.issue(5_000, tokenMs, tokenOf(5_000));
  assert.is(tokens.size, 1);
});
