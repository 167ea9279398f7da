import { assert, rejects, suite, throwsCode } from "../support/index.ts";

const test = suite("assert");
const coded = Object.assign(new Error("gone"), { code: "GONE" });

test("rejects() returns the error when its code is the expected one", async () => {
  assert.is(await rejects(Promise.reject(coded), "GONE"), coded);
});

for (const [when, promise] of Object.entries({
  "the promise is fulfilled": () => Promise.resolve("GONE"),
  "the code is another": () => Promise.reject(Object.assign(new Error(), { code: "OTHER" })),
  "the error has no code": () => Promise.reject(new Error("GONE")),
  "it is no error": () => Promise.reject({ code: "GONE" }),
})) {
  test(`rejects() fails when ${when}`, async () => {
    await rejects(rejects(promise(), "GONE"), "ERR_ASSERTION");
  });
}

test("throwsCode() returns the error when its code is the expected one", () => {
  const thrown = throwsCode(() => {
    throw coded;
  }, "GONE");
  assert.is(thrown, coded);
});

const wrongWork: Record<string, () => unknown> = {
  "nothing is thrown": () => "GONE",
  "a promise is returned": async () => {},
  "the code is another": () => {
    throw Object.assign(new Error(), { code: "OTHER" });
  },
  "it is no error": () => {
    throw "GONE";
  },
};
for (const [when, work] of Object.entries(wrongWork)) {
  test(`throwsCode() fails when ${when}`, () => {
    throwsCode(() => throwsCode(work, "GONE"), "ERR_ASSERTION");
  });
}
