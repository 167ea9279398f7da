import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { Feed } from "../../../scripts/demo-run/feed.ts";
import { type Buttons, servePage } from "../../../scripts/demo-run/page-server.ts";
import { renderPage } from "../../../scripts/demo-run/render.ts";
import { assert, suite, type TestContext } from "../../support/index.ts";

const test = suite("the server of the demo's page");

type Answer = { status: number; headers: IncomingHttpHeaders; body: string };

async function serve(t: TestContext, given: Partial<Buttons> = {}) {
  const pressed: string[] = [];
  const buttons: Buttons = {
    hasRoom: true,
    add: async () => pressed.push("add"),
    kill: async (id) => pressed.push(`kill ${id}`) > 0,
    ...given,
  };
  const feed = new Feed();
  const server = await servePage({ render: renderPage, feed, buttons });
  t.after(() => server.close());
  const { host, origin, search } = new URL(server.url);
  /** A request as the page makes it, but for what is said. */
  const ask = async (
    method: string,
    path: string,
    { headers = {}, query = search }: { headers?: Record<string, string>; query?: string } = {},
  ): Promise<Answer> => {
    const from: Record<string, string> = method === "GET" ? {} : { Origin: origin };
    const sent = request(`${origin}${path}${query}`, {
      method,
      headers: { ...from, ...headers },
      agent: false,
    });
    sent.end();
    const [response] = await once(sent, "response");
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };
  return { pressed, feed, ask, host, origin, search };
}

test("servePage() gives the page with the token, which loads nothing else and is shown in no frame", async (t) => {
  const { ask } = await serve(t);
  const { status, headers, body } = await ask("GET", "/");
  assert.is(status, 200);
  const policy = String(headers["content-security-policy"]);
  assert.match(policy, "default-src 'none'");
  assert.match(policy, "frame-ancestors 'none'");
  assert.is(headers["referrer-policy"], "no-referrer");
  assert.match(body, "<canvas");
  assert.not.match(body, /(?:src|href)="(?!data:)/);
});

test("servePage() does what buttons ask for, once each", async (t) => {
  const { ask, pressed } = await serve(t);
  assert.is((await ask("POST", "/hosts")).status, 201);
  assert.is((await ask("DELETE", "/hosts/host-2")).status, 204);
  assert.equal(pressed, ["add", "kill host-2"]);
});

for (const [what, change] of [
  ["without a token", () => ({ query: "" })],
  [
    "with another token",
    ({ search }) => ({ query: search.replace(/.$/, (last) => (last === "A" ? "B" : "A")) }),
  ],
  ["with part of the token", ({ search }) => ({ query: search.slice(0, -1) })],
  [
    "by another name of this machine",
    ({ host }) => ({ headers: { Host: host.replace("127.0.0.1", "localhost") } }),
  ],
  ["by a name that leads here", () => ({ headers: { Host: "example.com" } })],
  ["from another page", () => ({ headers: { Origin: "http://127.0.0.1:1" } })],
  ["from a page without an origin", () => ({ headers: { Origin: "null" } })],
] as [string, (server: Awaited<ReturnType<typeof serve>>) => Parameters<typeof server.ask>[2]][]) {
  test(`servePage() refuses all requests ${what}`, async (t) => {
    const server = await serve(t);
    for (const [method, path] of [
      ["GET", "/"],
      ["GET", "/events"],
      ["POST", "/hosts"],
      ["DELETE", "/hosts/host-1"],
    ] as const) {
      const { status, body } = await server.ask(method, path, change(server));
      assert.is(status, 403, `${method} ${path}`);
      assert.not.match(body, server.search.slice(7, -1));
    }
    assert.equal(server.pressed, []);
  });
}

test("servePage() refuses buttons that no page says to have pressed", async (t) => {
  const { ask, pressed, host } = await serve(t);
  for (const method of ["POST", "PUT", "DELETE"]) {
    const { status } = await ask(method, "/hosts", { headers: { Origin: "", Host: host } });
    assert.is(status, 403);
  }
  assert.equal(pressed, []);
});

test("servePage() tells why a button does nothing", async (t) => {
  const full = await serve(t, { hasRoom: false, kill: async () => false });
  const { status, body } = await full.ask("POST", "/hosts");
  assert.equal([status, body], [409, "there are as many hosts as there may be"]);
  assert.is((await full.ask("DELETE", "/hosts/host-1")).status, 404);
  assert.is((await full.ask("GET", "/hosts")).status, 404);
  const broken = await serve(t, { add: () => Promise.reject(new Error("the host did not join")) });
  const answer = await broken.ask("POST", "/hosts");
  assert.equal([answer.status, answer.body], [500, "the host did not join"]);
});

test("Feed tells who comes late what is latest of each topic, and nobody what has not changed", () => {
  const feed = new Feed();
  const heard: string[] = [];
  feed.tell("events", []);
  feed.tell("status", { phase: "starting", seconds: 0, tasksRetried: 0 });
  feed.tell("status", { phase: "learning", seconds: 1, tasksRetried: 0 });
  const stop = feed.follow((message) => heard.push(message.split("\n")[1]!));
  const learning = 'data: {"phase":"learning","seconds":1,"tasksRetried":0}';
  assert.equal(heard, ["data: []", learning]);
  feed.tell("status", { phase: "learning", seconds: 1, tasksRetried: 0 });
  assert.is(heard.length, 2);
  stop();
  feed.tell("status", { phase: "done", seconds: 2, tasksRetried: 0 });
  assert.is(heard.length, 2);
});
