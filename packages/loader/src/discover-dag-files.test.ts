import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoverDagFiles } from "./discover-dag-files.ts";

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-discover-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}
const found = async () => (await discoverDagFiles(root)).files.map((file) => file.relativePath);

describe("discoverDagFiles", () => {
  it("takes TypeScript and JavaScript modules, in any folder, sorted", async () => {
    await write({ "b.ts": "", "a.mjs": "", "team/c.mts": "", "team/deep/d.js": "", "notes.md": "", "query.sql": "" });
    expect(await found()).toEqual(["a.mjs", "b.ts", "team/c.mts", "team/deep/d.js"]);
  });

  it("leaves out declarations, tests, node_modules and folders with a leading dot", async () => {
    await write({
      "a.d.ts": "",
      "b.d.mts": "",
      "c.test.ts": "",
      "node_modules/p/i.js": "",
      ".git/x.js": "",
      "lib/node_modules/p/i.js": "",
      "ok.ts": "",
    });
    expect(await found()).toEqual(["ok.ts"]);
  });

  it("follows .tradewindignore as git follows .gitignore, nested ones too", async () => {
    await write({
      ".tradewindignore": "# helpers\nlib/\n*.old.ts\n/only-at-top.ts\nteam/*\n!team/kept.ts\n",
      "lib/x.ts": "",
      "a.old.ts": "",
      "only-at-top.ts": "",
      "sub/only-at-top.ts": "",
      "team/kept.ts": "",
      "team/gone.ts": "",
      "inner/.tradewindignore": "drafts\n!good.old.ts\n",
      "inner/good.old.ts": "",
      "inner/bad.ts": "",
      "inner/drafts/d.ts": "",
      "drafts/e.ts": "",
    });
    expect(await found()).toEqual(["drafts/e.ts", "inner/bad.ts", "inner/good.old.ts", "sub/only-at-top.ts", "team/kept.ts"]);
  });

  it("follows links to files and folders, and does not run in circles", async () => {
    await write({ "real/a.ts": "" });
    await symlink(join(root, "real/a.ts"), join(root, "linked.ts"));
    await symlink(root, join(root, "real/circle"));
    await symlink(join(root, "nowhere"), join(root, "dangling.ts"));
    expect(await found()).toEqual(["linked.ts", "real/a.ts"]);
  });

  it("says that a missing folder could not be read, and does not call it empty", async () => {
    const discovery = await discoverDagFiles(join(root, "unmounted"));
    expect(discovery.files).toEqual([]);
    expect(discovery.unreadable).toMatchObject([{ relativePath: "", reason: expect.stringContaining("ENOENT") as string }]);
  });
});
