import { hasErrorCode } from "@tradewind/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFernet, generateFernetKey, openFresh, sealWith } from "./fernet.ts";

const secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const helloToken = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
const seconds = (iso: string): number => Math.floor(Date.parse(iso) / 1000);

describe("vectors of the specification", () => {
  test("generate.json", () => {
    const iv = Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    expect(sealWith(secret, "hello", seconds("1985-10-26T01:20:00-07:00"), iv)).toBe(helloToken);
  });

  test("verify.json", () => {
    expect(openFresh(secret, helloToken, 60, seconds("1985-10-26T01:20:01-07:00"))).toBe("hello");
    expect(createFernet(secret).decrypt(helloToken)).toBe("hello");
  });

  // invalid.json
  const invalid = [
    [
      "incorrect mac",
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
      "1985-10-26T01:20:01-07:00",
    ],
    ["too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==", "1985-10-26T01:20:01-07:00"],
    [
      "invalid base64",
      "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
      "1985-10-26T01:20:01-07:00",
    ],
    [
      "payload size not multiple of block size",
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
      "1985-10-26T01:20:01-07:00",
    ],
    [
      "payload padding error",
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
      "1985-10-26T01:20:01-07:00",
    ],
    [
      "far-future TS (unacceptable clock skew)",
      "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
      "1985-10-26T01:20:01-07:00",
    ],
    [
      "expired TTL",
      "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
      "1985-10-26T01:21:31-07:00",
    ],
    [
      "incorrect IV (causes padding error)",
      "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
      "1985-10-26T01:20:01-07:00",
    ],
  ] as const;

  test.each(invalid)("invalid.json: %s", (_why, token, now) => {
    expect(() => openFresh(secret, token, 60, seconds(now))).toThrow(expect.objectContaining({ code: "secret_undecryptable" }));
  });

  test("the vectors about time are refused for their time only", () => {
    const [, farFuture] = invalid[5];
    const [, expired] = invalid[6];
    // Their content is empty, whatever the file says.
    expect(createFernet(secret).decrypt(farFuture)).toBe("");
    expect(createFernet(secret).decrypt(expired)).toBe("");
  });
});

describe("keys", () => {
  const oldKey = generateFernetKey();
  const newKey = generateFernetKey();

  test("any text comes back, and looks different each time", () => {
    const fernet = createFernet(newKey);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        const token = fernet.encrypt(text);
        return fernet.decrypt(token) === Buffer.from(text, "utf8").toString("utf8") && token !== fernet.encrypt(text);
      }),
    );
  });

  test("no altered token is accepted", () => {
    const fernet = createFernet(newKey);
    const bytes = Buffer.from(fernet.encrypt("secret"), "base64url");
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8((altered.readUInt8(index) + 1) % 256, index);
      const token = altered.toString("base64url");
      expect(() => fernet.decrypt(token.padEnd(Math.ceil(token.length / 4) * 4, "="))).toThrow();
    }
  });

  test("the first of several encrypts, all decrypt, rotation moves to the first", () => {
    const old = createFernet(oldKey).encrypt("password");
    const both = createFernet(`${newKey}, ${oldKey}`);
    expect(both.decrypt(old)).toBe("password");
    expect(both.isCurrent(old)).toBe(false);
    const rotated = both.rotate(old);
    expect(both.isCurrent(rotated)).toBe(true);
    expect(createFernet(newKey).decrypt(rotated)).toBe("password");
    // The time it was made stays.
    expect(rotated.slice(0, 11)).toBe(old.slice(0, 11));
    expect(() => createFernet(oldKey).decrypt(rotated)).toThrow(/none of the 1 configured Fernet keys/);
  });

  test("a bad key is named by its place, and not shown", () => {
    const error = (() => {
      try {
        return createFernet(`${newKey},c2hvcnQ=`);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(hasErrorCode(error, "invalid_config")).toBe(true);
    expect(String(error)).toMatch(/number 2/);
    expect(String(error)).not.toContain("c2hvcnQ=");
  });
});
