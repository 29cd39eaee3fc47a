import { expect, it } from "vitest";
import { shownFields } from "./rendered-fields.ts";
import { SecretMasker } from "./secret-masker.ts";

it("masks secrets by what they are and by the name they stand under, and leaves the rest as it is", () => {
  const masker = new SecretMasker();
  masker.add("hush-hush");
  const fields = {
    command: "curl -u me:hush-hush https://x",
    headers: { Authorization: "Bearer abc", Accept: "*/*" },
    rows: [1, null, true, "hush-hush"],
  };
  expect(shownFields(fields, masker)).toEqual({
    command: "curl -u me:*** https://x",
    headers: { Authorization: "***", Accept: "*/*" },
    rows: [1, null, true, "***"],
  });
});

it("cuts what is longer than 4096 characters as text, and says so", () => {
  const shown = shownFields({ short: "a".repeat(4096), long: "b".repeat(4097), list: Array.from({ length: 3000 }, () => 1) }, new SecretMasker());
  expect(shown["short"]).toBe("a".repeat(4096));
  expect(shown["long"]).toMatch(/^Truncated: only the first 4096 of 4097 characters are kept\. b{4096}\.\.\.$/);
  expect(shown["list"]).toMatch(/^Truncated: only the first 4096 of 6001 characters are kept\. \[1,1,/);
});
