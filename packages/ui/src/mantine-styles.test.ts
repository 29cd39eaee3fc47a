import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const SOURCES = import.meta.dirname;
const STYLES = join(SOURCES, "../node_modules/@mantine/core/styles");

it("has the styles of every component that is used", () => {
  const imports = readFileSync(join(SOURCES, "mantine-styles.css"), "utf8");
  const used = globSync("**/*.tsx", { cwd: SOURCES }).flatMap((file) =>
    [...readFileSync(join(SOURCES, file), "utf8").matchAll(/import \{([^}]*)\} from "@mantine\/core"/gu)].flatMap(([, names = ""]) =>
      names.split(",").map((name) => name.trim()),
    ),
  );
  const styled = [...new Set(used)].filter((name) => name !== "" && existsSync(join(STYLES, `${name}.css`)));
  expect(styled.length).toBeGreaterThan(15);
  expect(styled.filter((name) => !imports.includes(`/${name}.css"`))).toEqual([]);
});
