import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Connection, Operator } from "../src/index.ts";
import { fileTransfer, type FileTransferResult } from "../src/operators/index.ts";
import { fileSensor } from "../src/sensors/index.ts";
import { runOperator } from "./run-operator.ts";
import { S3Server } from "@tradewind/testkit/stand-ins";
import { SensorClock } from "./sensor-clock.ts";

let clock: SensorClock;
let folder: string;
let memoryName: string;
let s3: S3Server;

beforeEach(async () => {
  clock = new SensorClock();
  folder = mkdtempSync(join(tmpdir(), "sdk-files-"));
  s3 = await new S3Server().start();
  // What a memory store holds outlives a task: each test takes one of its own.
  memoryName = `memory-${folder}`;
  connect(memoryName, { connType: "memory" });
  connect("lake", { connType: "aws", login: "AKIDTEST", password: "secret", extra: { endpoint_url: s3.endpoint, region_name: "eu-west-1" } });
  connect("disk", { connType: "fs", extra: { path: folder } });
});
afterEach(() => s3.stop());

function connect(connectionId: string, fields: Partial<Connection>): void {
  const empty = { description: null, host: null, port: null, login: null, password: null, schema: null, extra: {} };
  clock.runtime.connections.set(connectionId, { connectionId, connType: "", ...empty, ...fields });
}

function put(path: string, content: string | Buffer = path): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

const get = (path: string) => readFileSync(join(folder, path), "utf8");
const run = (operator: Operator<never, unknown>) => runOperator(clock.runtime, operator) as Promise<FileTransferResult>;

describe("fileTransfer on a disk", () => {
  it("copies one file to a name, and into a folder", async () => {
    const source = put("in/a.csv", "1;2");
    const result = await run(fileTransfer("t", { source, destination: join(folder, "out/b.csv") }));
    expect(result).toEqual({ files: [{ source, destination: join(folder, "out/b.csv"), bytes: 3 }], skipped: [], bytes: 3 });
    await run(fileTransfer("t", { source: `file://${source}`, destination: `${folder}/other/` }));
    await run(fileTransfer("t", { source: { connection: "disk", path: "/in/a.csv" }, destination: { connection: "disk", path: "there/" } }));
    expect([get("out/b.csv"), get("other/a.csv"), get("there/a.csv")]).toEqual(["1;2", "1;2", "1;2"]);
    // A folder that is there needs no slash.
    await run(fileTransfer("t", { source: put("in/c.csv"), destination: join(folder, "out") }));
    expect(get("out/c.csv")).toBe("in/c.csv");
  });

  it("copies what is in a folder, and what matches a pattern, and keeps their places", async () => {
    for (const path of ["in/a.csv", "in/x/b.csv", "in/x/y/c.csv", "in/x/d.txt"]) put(path);
    await run(fileTransfer("t", { source: `${folder}/in/`, destination: `${folder}/all` }));
    expect(get("all/x/y/c.csv")).toBe("in/x/y/c.csv");
    const copied = async (pattern: string) => {
      const to = mkdtempSync(join(folder, "to-"));
      const { files } = await run(fileTransfer("t", { source: `${folder}/${pattern}`, destination: to }));
      return files.map(({ destination }) => destination.slice(to.length + 1));
    };
    expect(await copied("in/*.csv")).toEqual(["a.csv"]);
    expect(await copied("in/**/*.csv")).toEqual(["a.csv", "x/b.csv", "x/y/c.csv"]);
    expect(await copied("in/x/{b,d}.*")).toEqual(["b.csv", "d.txt"]);
    expect(await copied("in/?/[bd].csv")).toEqual(["x/b.csv"]);
  });

  it.each<["fail" | "skip" | "replace", string, number]>([
    ["skip", "old", 1],
    ["replace", "in/a.csv", 2],
  ])("obeys the rule %s about files that are there", async (overwrite, left, files) => {
    for (const path of ["in/a.csv", "in/b.csv"]) put(path);
    put("out/a.csv", "old");
    const result = await run(fileTransfer("t", { source: `${folder}/in/`, destination: `${folder}/out/`, overwrite }));
    expect([get("out/a.csv"), get("out/b.csv"), result.files.length, result.skipped.length]).toEqual([left, "in/b.csv", files, 2 - files]);
  });

  it("copies nothing when one file is there already, by default", async () => {
    for (const path of ["in/a.csv", "in/b.csv"]) put(path);
    put("out/b.csv", "old");
    await expect(run(fileTransfer("t", { source: `${folder}/in/`, destination: `${folder}/out/` }))).rejects.toThrow(
      `Task "t" would overwrite a file: ${folder}/out/b.csv. Nothing was copied.`,
    );
    expect(readdirSync(join(folder, "out"))).toEqual(["b.csv"]);
  });

  it("leaves no part of a file behind when it is stopped", async () => {
    put("out/big.bin", "old");
    const copying = run(fileTransfer("t", { source: "/dev/zero", destination: `${folder}/out/big.bin`, overwrite: "replace" })).catch(
      (error: unknown) => error,
    );
    const deadline = Date.now() + 10_000;
    while (readdirSync(join(folder, "out")).length < 2 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(readdirSync(join(folder, "out"))).toContainEqual(expect.stringMatching(/^\.big\.bin\..*\.part$/));
    clock.runtime.controller.abort(new Error("cancelled by ann"));
    expect(await copying).toMatchObject({ message: "cancelled by ann" });
    expect([readdirSync(join(folder, "out")), get("out/big.bin")]).toEqual([["big.bin"], "old"]);
  });

  it.each<[object, RegExp]>([
    [{ source: "/no/such.csv" }, /There is no file \/no\/such.csv\. Check the path/],
    [{ source: "/tmp" }, /There is no file \/tmp\. It is a folder: write a slash/],
    [{ source: "/no/*.csv" }, /There are no files at \/no\/\*\.csv/],
    [{ source: "data/a.csv" }, /"data\/a.csv" is not absolute/],
    [{ source: "ftp://host/a" }, /begins with ftp:\/\/, which is not known. Known are file, s3/],
    [{ source: { connection: "disk", path: "../../etc/passwd" } }, /leads out of/],
    [{ source: "s3://disk@/a" }, /There is no file/],
    [{ source: { connection: "lake", path: "a" } }, /Connection "lake" names no bucket/],
    [{ source: { connection: "none", path: "a" } }, /connection "none", which does not exist/],
  ])("refuses %j", async (options, message) => {
    await expect(run(fileTransfer("t", { source: "/", destination: `${folder}/out/`, ...options }))).rejects.toThrow(message);
  });

  it("takes an empty folder when it may be empty", async () => {
    expect(await run(fileTransfer("t", { source: "/no/*.csv", destination: folder, allowEmpty: true }))).toEqual({
      files: [],
      skipped: [],
      bytes: 0,
    });
    expect(() => fileTransfer("t", { source: "/a", destination: "/b", overwrite: "maybe" as "skip" })).toThrow("must be one of fail, skip, replace");
  });
});

describe("fileTransfer with object stores", () => {
  it("goes through a bucket and back without loss", async () => {
    const content = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 256));
    put("in/ñ a.bin", content);
    put("in/empty", "");
    await run(fileTransfer("t", { source: `${folder}/in/`, destination: "s3://lake@bucket/day=1/" }));
    expect([...s3.objects.keys()].sort()).toEqual(["/bucket/day=1/empty", "/bucket/day=1/ñ a.bin"]);
    expect([...s3.authorizations]).toEqual(["AKIDTEST"]);
    await run(fileTransfer("t", { source: "s3://lake@bucket/day=1/*", destination: `${folder}/back/` }));
    expect(readFileSync(join(folder, "back/ñ a.bin")).equals(content)).toBe(true);
    expect(readFileSync(join(folder, "back/empty"))).toHaveLength(0);
  });

  it("sends a large file in parts", async () => {
    const content = Buffer.alloc(40 * 1024 * 1024, "0123456789abcdef");
    put("big.bin", content);
    await run(fileTransfer("t", { source: `${folder}/big.bin`, destination: "s3://lake@bucket/big.bin" }));
    expect(s3.requests.filter((one) => one.includes("partNumber"))).toHaveLength(3);
    expect(s3.objects.get("/bucket/big.bin")!.equals(content)).toBe(true);
  });

  it("copies between stores, with the same rules", async () => {
    s3.objects.set("/bucket/a/1", Buffer.from("one"));
    s3.objects.set("/bucket/a/b/2", Buffer.from("two"));
    connect("lake", { ...clock.runtime.connections.get("lake"), schema: "bucket" });
    const copy = () => run(fileTransfer("t", { source: { connection: "lake", path: "a/" }, destination: { connection: memoryName, path: "copy/" } }));
    const { files } = await copy();
    expect(files.map(({ source, destination }) => [source, destination])).toEqual([
      ["s3://bucket/a/1", `memory://${memoryName}/copy/1`],
      ["s3://bucket/a/b/2", `memory://${memoryName}/copy/b/2`],
    ]);
    await expect(copy()).rejects.toThrow("would overwrite 2 files");
    await run(fileTransfer("t", { source: { connection: memoryName, path: "copy/b/2" }, destination: `${folder}/2` }));
    expect(get("2")).toBe("two");
  });

  it("speaks Azure's and Google's protocols, with the credentials of the connection", async () => {
    const asked: string[] = [];
    const facts = { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT", etag: '"e"' };
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization?.split(":")[0] ?? "none"}`);
      const isAbout = request.method === "GET" && request.url!.startsWith("/storage/") && !request.url!.includes("alt=media");
      if (isAbout)
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ size: "5", updated: "2026-01-01T00:00:00.000Z", contentType: "text/plain", etag: "e", md5Hash: "m" }));
      else if (request.method === "PUT" || request.method === "POST") request.resume().on("end", () => response.writeHead(201).end("{}"));
      else response.writeHead(200, { ...facts, "content-length": 5 }).end(request.method === "HEAD" ? undefined : "hello");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    connect("blobs", { connType: "wasb", login: "acc", password: Buffer.from("key").toString("base64"), schema: "box", extra: { endpoint_url } });
    connect("google", { connType: "google_cloud_platform", extra: { endpoint_url } });
    await run(fileTransfer("t", { source: { connection: "blobs", path: "a" }, destination: "gs://google@bucket/b", overwrite: "replace" }));
    await run(fileTransfer("t", { source: "gs://google@bucket/b", destination: { connection: "blobs", path: "c" }, overwrite: "replace" }));
    server.close();
    expect(asked).toEqual(
      expect.arrayContaining([
        "HEAD /box/a SharedKey acc",
        "GET /box/a SharedKey acc",
        "POST /upload/storage/v1/b/bucket/o?uploadType=media&name=b none",
        "GET /storage/v1/b/bucket/o/b?alt=media none",
        "PUT /box/c SharedKey acc",
      ]),
    );
  });

  it("says what could not be done where", async () => {
    await s3.stop();
    const failing = run(fileTransfer("t", { source: "s3://lake@bucket/a", destination: folder }));
    await expect(failing).rejects.toThrow(/^Could not look at s3:\/\/bucket\/a: /);
    expect(JSON.stringify(await failing.catch((error: Error) => [error.message, error.stack]))).not.toContain("secret");
    s3 = await new S3Server().start();
  });
});

describe("fileSensor", () => {
  it("waits for files that match, and results in their paths", async () => {
    let pokes = 0;
    clock.runtime.onLog = ({ message }) => {
      if (message.startsWith("Poke") && ++pokes === 2) put("in/2026-01-31/orders_1.csv");
    };
    const operator = fileSensor("t", { path: ({ ds }) => `${folder}/in/${ds}/orders_*.csv` });
    expect(await clock.attempt(operator)).toEqual({ kind: "success", result: [join(folder, "in/2026-01-31/orders_1.csv")] });
    expect(clock.sleeps).toHaveLength(2);
  });

  it("takes a folder for there when it has a file in it, and a bucket for a disk", async () => {
    const once = (path: string) => clock.attempt(fileSensor("t", { path, mode: "reschedule" }));
    mkdirSync(join(folder, "made/deep"), { recursive: true });
    expect((await once(`${folder}/made/`)).kind).toBe("reschedule");
    put("made/deep/file");
    expect((await once(`${folder}/made/`)).kind).toBe("success");
    expect((await once(`${folder}/made`)).kind).toBe("reschedule");
    expect((await once("s3://lake@bucket/flag")).kind).toBe("reschedule");
    s3.objects.set("/bucket/flag", Buffer.from(""));
    expect(await once("s3://lake@bucket/flag")).toEqual({ kind: "success", result: ["s3://bucket/flag"] });
    expect(existsSync(join(folder, "flag"))).toBe(false);
  });
});
