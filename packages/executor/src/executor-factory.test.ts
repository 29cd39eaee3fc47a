import { describe, expect, test } from "vitest";
import { checkExecutor, type Executor, executorFactoryOf } from "./index.ts";

const whole: Executor = {
  name: "mine",
  start: async () => undefined,
  submit: async () => undefined,
  cancel: async () => undefined,
  adopt: async () => ({ adopted: [] }),
  capacity: () => ({ slots: 1, free: 1 }),
  stop: async () => undefined,
};

describe("what a package of an executor exports", () => {
  test("createExecutor, or a function as its default", () => {
    const factory = () => whole;
    expect(executorFactoryOf({ createExecutor: factory }, "mine")).toBe(factory);
    expect(executorFactoryOf({ default: factory, other: 1 }, "mine")).toBe(factory);
  });

  test.each([
    [{}, '"mine" is no executor: it exports nothing, and must export a function createExecutor'],
    [{ MyExecutor: {}, version: 1 }, "it exports MyExecutor, version, and must"],
    [{ default: { name: "mine" } }, "it exports default, and must"],
  ])("not %j", (module, message) => {
    expect(() => executorFactoryOf(module, "mine")).toThrow(message);
  });
});

describe("what createExecutor gives", () => {
  test("is taken when it is whole, also an instance of a class", () => {
    class Mine {
      name = "mine";
      start() {}
      submit() {}
      cancel() {}
      adopt() {}
      capacity() {}
      stop() {}
    }
    expect(checkExecutor(whole, { name: "mine", from: "pkg" })).toBe(whole);
    expect(checkExecutor(new Mine(), { name: "mine", from: "pkg" })).toBeInstanceOf(Mine);
  });

  test.each([
    [undefined, 'createExecutor of "pkg" gave undefined, not an executor.'],
    [null, 'createExecutor of "pkg" gave null, not an executor.'],
    [{ ...whole, adopt: undefined, stop: 1 }, 'The executor of "pkg" lacks adopt(), stop(). An executor has start(), submit(),'],
    [{ ...whole, name: "other" }, 'is called "other", and must carry the name "mine"'],
  ])("is refused when it is %j", (value, message) => {
    expect(() => checkExecutor(value, { name: "mine", from: "pkg" })).toThrow(message);
  });
});
