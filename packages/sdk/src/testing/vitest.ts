/**
 * Adds matchers for runs to vitest's `expect`. Import it in a test, or name it in `setupFiles`.
 *
 * @example
 * import "tradewind/testing/vitest";
 * expect(await testDag(dag).run()).toSucceed();
 */
import { expect } from "vitest";
import { type DagMatchers, dagMatchers } from "./matchers.ts";

declare module "vitest" {
  // The type parameters must be those of vitest itself.
  // oxlint-disable-next-line typescript/no-empty-object-type, no-unused-vars
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends DagMatchers<R> {}
}

expect.extend(dagMatchers);
