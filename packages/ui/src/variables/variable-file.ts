import type { VariableText } from "../api/variables.ts";

/** Reads a file of variables, as `airflow variables export` writes it: keys with their values, or with `{"value": …, "description": …}`. @throws Error in words for whoever chose the file */
export function readVariableFile(text: string): VariableText[] {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new Error('The file has no object of variables: write it as {"key": "value", …}.');
  return Object.entries(parsed).map(([key, written]) => {
    const isDescribed =
      typeof written === "object" &&
      written !== null &&
      "value" in written &&
      Object.keys(written).every((name) => ["value", "description"].includes(name));
    const { value, description = null } = isDescribed ? (written as { value: unknown; description?: string | null }) : { value: written as unknown };
    return { key, value: typeof value === "string" ? value : JSON.stringify(value), description };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The file is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
