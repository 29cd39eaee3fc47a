import { expect, test } from "vitest";
import { createSignedTokens } from "./signed-tokens.ts";

const DAY_MS = 86_400_000;
const ours = createSignedTokens({ secretKey: "the key of this server" });
const behind = createSignedTokens({ secretKey: "the key of this server", now: () => Date.now() - 2 * DAY_MS });
const strange = createSignedTokens({ secretKey: "some other key", now: () => Date.now() - 2 * DAY_MS });

test("a token is of one kind, and says whose it is", () => {
  const token = ours.issue("host", "north", DAY_MS);
  expect(ours.verify("host", token)).toBe("north");
  expect(() => ours.verify("attempt", token)).toThrow("The attempt token was refused: it is not signed with this server's key, or not of this kind.");
});

test("one that was made by a clock that is behind is refused with what this one says; a wrong key hears nothing of that", () => {
  expect(ours.verify("host", behind.issue("host", "north", 3 * DAY_MS))).toBe("north");
  expect(() => ours.verify("host", behind.issue("host", "north", DAY_MS))).toThrow(/it has expired, by this server's clock, which says \d{4}-/u);
  expect(() => ours.verify("host", strange.issue("host", "north", DAY_MS))).toThrow("it is not signed with this server's key");
});
