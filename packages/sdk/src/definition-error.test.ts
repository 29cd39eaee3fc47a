import { expect, test } from "vitest";
import { captureSite, definitionError, leaveOutSites } from "./definition-error.ts";

function author(): Error {
  return place();
}

function place(): Error {
  return captureSite(place);
}

test("an error points to the line of the author; where sites are left out, to where it is thrown", () => {
  const stackOf = (site: Error) => definitionError("not so", { site }).stack!;
  expect(stackOf(author())).toMatch(/^TradewindError: not so\n {4}at author /);
  leaveOutSites();
  expect(stackOf(author())).not.toContain("at author ");
  expect(stackOf(author())).toContain("at stackOf ");
});
