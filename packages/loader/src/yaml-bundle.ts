import type { ReadInput } from "./fingerprint.ts";

/** The package that makes DAGs of YAML. */
const YAML_MODULE = "tradewind/yaml";

/** A file that is a DAG in YAML, by its name. */
export function isYamlDagFile(path: string): boolean {
  return /\.dag\.ya?ml$/u.test(path);
}

/**
 * The bundle of a YAML DAG: a module that holds the text and makes its DAGs when it is imported, where the file is loaded and where its tasks run alike. It depends on the text only.
 */
export function yamlBundle(
  text: string,
  entry: ReadInput,
): { code: string; sourceMap: string; externals: { specifier: string; importer: string }[] } {
  const { path } = entry.fingerprint;
  const name = path.slice(path.lastIndexOf("/") + 1);
  return {
    code: `import { dagsOfYaml } from "${YAML_MODULE}";\nexport const dags = dagsOfYaml(${JSON.stringify(text)});\n`,
    // No line of the module is a line of the file: errors bring their places along.
    sourceMap: JSON.stringify({ version: 3, sources: [name], names: [], mappings: "" }),
    externals: [{ specifier: YAML_MODULE, importer: path }],
  };
}

/** The place in a YAML file that an error brings along in its stack; null: none. */
export function yamlPlace(stack: string | null): { line: number; column: number } | null {
  const found = /^\s+at yaml:(?<line>\d+):(?<column>\d+)$/mu.exec(stack ?? "")?.groups;
  return found === undefined ? null : { line: Number(found["line"]), column: Number(found["column"]) };
}
