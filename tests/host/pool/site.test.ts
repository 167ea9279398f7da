import { Site, type SiteFacts, Sites } from "../../../host/pool/site.ts";
import { defaultLimits } from "../../../scheduler/protocol/limits.ts";
import { assert, suite } from "../../support/index.ts";
import { siteFacts } from "./calls.ts";

const test = suite("Sites");

/** As many as are kept when they have no calls. */
const mostIdle = 1_000;

function newSites() {
  const opened: Site[] = [];
  const sites = new Sites((site) => opened.push(site));
  return { sites, opened };
}

/** Different for each number. */
const numbered = (number: number) => siteFacts({ limits: { ...defaultLimits, timeoutMs: 1 + number } });

test("get() gives the same site for the same facts, and tells of it once", () => {
  const { sites, opened } = newSites();
  const site = sites.get(siteFacts());
  assert.is(sites.get(siteFacts()), site);
  assert.is(sites.get(siteFacts({ limits: { ...defaultLimits } })), site);
  assert.equal(opened, [site]);
});

test("get() gives another site as soon as anything is different", () => {
  const { sites } = newSites();
  const module = (sha256: string) => ({ ...siteFacts().module, sha256 }) as SiteFacts["module"];
  const different = [
    siteFacts(),
    siteFacts({ module: module("cd") }),
    siteFacts({ kernel: "sub" }),
    siteFacts({ limits: { ...defaultLimits, memoryBytes: 1 } }),
    siteFacts({ grant: ["log"] }),
    siteFacts({ seed: { kind: "numbered", prefix: "a-" } }),
    siteFacts({ seed: { kind: "numbered", prefix: "b-" } }),
    siteFacts({ clock: [] }),
    siteFacts({ clock: [1, 2.5] }),
  ].map((facts) => sites.get(facts));
  assert.is(new Set(different).size, different.length);
  assert.equal(
    different.map(({ index }) => index),
    different.map((_, index) => index),
  );
});

test("a site is known to the workers before it is given", () => {
  const indexes: number[] = [];
  const sites = new Sites(({ index, callCount }) => indexes.push(index, callCount));
  sites.get(siteFacts());
  assert.equal(indexes, [0, 0]);
});

test("when there are many, the one that was not used for longest is forgotten, and its index is the next one's", () => {
  const { sites } = newSites();
  const first = Array.from({ length: mostIdle }, (_, number) => sites.get(numbered(number)));
  assert.is(sites.get(numbered(0)), first[0], "it was used");
  const next = sites.get(numbered(mostIdle));
  assert.ok(first[1]!.isForgotten);
  assert.is(next.index, first[1]!.index);
  assert.equal(
    first.filter(({ isForgotten }) => isForgotten),
    [first[1]],
  );
  const again = sites.get(numbered(1));
  assert.is.not(again, first[1]);
  assert.is(again.index, first[2]!.index);
  assert.is([...sites.all()].length, mostIdle);
});

test("a site with calls is never forgotten, even if all others are", () => {
  const { sites } = newSites();
  const busy = sites.get(numbered(0));
  busy.callCount = 1;
  for (let number = 1; number < 3 * mostIdle; number++) {
    const site = sites.get(numbered(number));
    assert.is.not(site.index, busy.index);
  }
  assert.not(busy.isForgotten);
  assert.is(sites.get(numbered(0)), busy);
});

test("sites with calls may be more than are kept otherwise, each with an index of its own", () => {
  const { sites } = newSites();
  const busy = Array.from({ length: mostIdle + 500 }, (_, number) => {
    const site = sites.get(numbered(number));
    site.callCount++;
    return site;
  });
  assert.is(new Set(busy.map(({ index }) => index)).size, busy.length);
  assert.ok(busy.every(({ isForgotten }) => !isForgotten));
});

test("no two sites that are not forgotten have one index", () => {
  const { sites } = newSites();
  for (let number = 0; number < 5_000; number++) {
    const site = sites.get(numbered((number * 7919) % 2_500));
    site.callCount = number % 3 === 0 ? 1 : 0;
  }
  const all = [...sites.all()];
  assert.is(new Set(all.map(({ index }) => index)).size, all.length);
  assert.ok(all.every(({ isForgotten }) => !isForgotten));
});

test("mayBlock needs a module that submits and a grant for it", () => {
  const module = (needs: string[]) => ({ ...siteFacts().module, needs }) as SiteFacts["module"];
  const mayBlock = (needs: string[], grant: SiteFacts["grant"]) =>
    new Site(0, siteFacts({ module: module(needs), grant })).mayBlock;
  assert.ok(mayBlock(["submit"], ["log", "submit"]));
  assert.not(mayBlock(["log"], ["log", "submit"]));
  assert.not(mayBlock(["submit"], ["log"]));
});
