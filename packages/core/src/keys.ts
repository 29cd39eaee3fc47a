/**
 * Airflow's rule for DAG, task and group ids ("alphanumeric characters, dashes, dots and underscores exclusively", letters and digits of any script, at
 * most 250). "." and ".." are refused too: as a part of a URL's path they would disappear.
 */
export const MAX_KEY_LENGTH = 250;

const KEY = /^[\p{L}\p{N}_.-]+$/u;

/** What is wrong with an id, to be put after its name ("is empty"), or null when it is fine. */
export function findKeyProblem(key: string): string | null {
  if (key === "") return "is empty";
  if (key === "." || key === "..") return "is a path of dots, which no URL can name";
  if ([...key].length > MAX_KEY_LENGTH) return `has ${[...key].length} characters, more than ${MAX_KEY_LENGTH}`;
  if (!KEY.test(key)) return `has ${JSON.stringify(firstForeign(key))}; only letters, digits, dashes, dots and underscores are allowed`;
  return null;
}

export function isValidKey(key: string): boolean {
  return findKeyProblem(key) === null;
}

function firstForeign(key: string): string {
  return [...key].find((character) => !KEY.test(character))!;
}
