import { TemplateNumbers } from "../../../scheduler/client/template-numbers.ts";
import { mostTemplates } from "../../../scheduler/protocol/messages.ts";
import { assert, suite } from "../../support/index.ts";

const test = suite("client/template-numbers");

const template = (kernel: string) => ({ label: "", module: "", kernel, maxRetries: 0, options: {} });

test("add() numbers templates, and gives one more the number of the oldest, which is forgotten", () => {
  const numbers = new TemplateNumbers();
  const [first, second] = [template("first"), template("second")];
  assert.is(numbers.of(first), undefined);
  assert.is(numbers.add(first), 0);
  assert.is(numbers.add(second), 1);
  for (let number = 2; number < mostTemplates; number++)
    assert.is(numbers.add(template(`${number}`)), number);
  assert.is(numbers.of(first), 0);
  const last = template("last");
  assert.is(numbers.add(last), 0);
  assert.is(numbers.of(first), undefined);
  assert.equal([numbers.of(last), numbers.of(second)], [0, 1]);
});
