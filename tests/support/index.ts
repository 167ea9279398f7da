export { assert, type CodedError, rejects, throwsCode } from "./assert.ts";
export { type Suite, suite, type TestBody, type TestContext, type TestOptions } from "./suite.ts";
