import { describe, expect, it } from "vitest";
import { authorFrames } from "./author-frames.ts";

const sdk = new URL("./", import.meta.url).href;

describe("authorFrames", () => {
  it("leaves the author's code and the packages it uses, in an error and in its causes", () => {
    const stack = `Error: bad
    at load (file:///dags/orders.ts:3:9)
    at runPlacedTask (${sdk}run-task.ts:59:26)
    at process.processTicksAndRejections (node:internal/process/task_queues:104:5)
    at async ${sdk}run-attempt.ts:38:20
    at async file:///state/programs/tradewind-program-0123456789abcdef/part-ABCD.mjs:38:20
Caused by: Error: at the bottom
    at query (file:///dags/node_modules/pg/lib/client.js:1:1)
    at get (file:///dags/node_modules/tradewind/src/client.ts:1:1)`;
    expect(authorFrames(stack)).toBe(`Error: bad
    at load (file:///dags/orders.ts:3:9)
Caused by: Error: at the bottom
    at query (file:///dags/node_modules/pg/lib/client.js:1:1)`);
  });

  it("leaves the message alone of an error that an operator made", () => {
    expect(authorFrames(`TradewindError: no answer\n    at failed (${sdk}operators/http-request.ts:149:10)`)).toBe("TradewindError: no answer");
  });
});
