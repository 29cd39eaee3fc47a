import { describe, expect, test } from "vitest";
import { LineAssembler, MAX_LINE_LENGTH } from "./line-assembler.ts";
import { isSensitiveName, SecretMasker } from "./secret-masker.ts";

describe("names that mean a secret", () => {
  // Airflow: 'access_token', 'api_key', 'apikey', 'authorization', 'passphrase', 'passwd', 'password', 'private_key', 'secret', 'token', …
  test.each(["password", "DB_PASSWORD", "api-key", "apikey", "slack_token", "AUTHORIZATION", "private_key", "client_secret"])("%s", (name) =>
    expect(isSensitiveName(name)).toBe(true),
  );
  test.each(["region", "pass", "key", "host"])("not %s", (name) => expect(isSensitiveName(name)).toBe(false));
});

describe("masking", () => {
  test("the longer of two secrets goes whole", () => {
    const masker = new SecretMasker();
    masker.add("abc");
    masker.add("abcdef");
    expect(masker.maskText("x abcdef abc")).toBe("x *** ***");
  });

  test("also as part of a URL, in JSON, and line by line", () => {
    const masker = new SecretMasker();
    masker.add('p@ss"word');
    masker.add("-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----");
    expect(masker.maskText(`u:${encodeURIComponent('p@ss"word')}@h`)).toBe("u:***@h");
    expect(masker.maskText(JSON.stringify({ x: 'p@ss"word' }))).toBe('{"x":"***"}');
    expect(masker.maskText("MIIEvQIBADANBg")).toBe("***");
  });

  test("secrets of a connection: the password, and what is named like one in extra, at any depth", () => {
    const masker = new SecretMasker();
    const extra = { region: "eu-west", auth: { token: "t0ken" }, secrets: ["first", "second"] };
    masker.addConnection({
      connectionId: "c",
      connType: "http",
      description: null,
      host: "h",
      port: null,
      login: "ada",
      password: "hunter2",
      schema: null,
      extra,
    });
    expect(masker.maskText("ada eu-west hunter2 t0ken first second")).toBe("ada eu-west *** *** *** ***");
  });

  test("a very short value is left alone", () => {
    const masker = new SecretMasker();
    masker.add("ab");
    expect(masker.maskText("abba")).toBe("abba");
  });
});

describe("lines", () => {
  const collect = (masker = new SecretMasker()) => {
    const lines: string[] = [];
    return { lines, assembler: new LineAssembler(masker, (line) => lines.push(line)) };
  };

  test("are put together from pieces, whatever the cuts, in bytes too", () => {
    const { lines, assembler } = collect();
    const bytes = Buffer.from("grüße\nzwei\r\ndrei");
    for (const byte of bytes) assembler.pushBytes(Buffer.from([byte]));
    assembler.end();
    expect(lines).toEqual(["grüße", "zwei", "drei"]);
  });

  test("that are too long are cut, and a secret across the cut is masked", () => {
    const masker = new SecretMasker();
    masker.add("hunter2hunter2");
    for (let before = MAX_LINE_LENGTH - 30; before < MAX_LINE_LENGTH + 5; before++) {
      const { lines, assembler } = collect(masker);
      const text = `${"x".repeat(before)}hunter2hunter2${"y".repeat(MAX_LINE_LENGTH)}`;
      for (let i = 0; i < text.length; i += 1000) assembler.pushText(text.slice(i, i + 1000));
      assembler.end();
      expect(lines.join("")).toBe(`${"x".repeat(before)}***${"y".repeat(MAX_LINE_LENGTH)}`);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(MAX_LINE_LENGTH);
    }
  });
});
