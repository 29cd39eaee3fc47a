/** The folder of all packages of Tradewind, in this installation. */
const PACKAGES = new URL("../../", import.meta.url).href;
const OWN_CODE = /^(?:loader|sdk|runner|core|cli)\/src\/(?!.*\.test\.ts)/u;
/** Our code as it was packed for child processes. */
const PACKED = /\/tradewind-program-[0-9a-f]{16}\//u;
/** A copy that the author has installed. */
const INSTALLED_COPY = /\/node_modules\/(?:tradewind|@tradewind\/[^/]+)\//u;

/** Frames that tell an author nothing: Node's inside, and Tradewind between the author's code and Node. */
export function isInternalFrame(line: string): boolean {
  const url = /^\s+at (?:.*\(|async )?(?<url>(?:file|node):[^)]*)/u.exec(line)?.groups?.["url"];
  if (url === undefined) return false;
  if (url.startsWith("node:internal")) return true;
  return INSTALLED_COPY.test(url) || PACKED.test(url) || (url.startsWith(PACKAGES) && OWN_CODE.test(url.slice(PACKAGES.length)));
}

/** The stack as far as it is about the author's code, and code the author has chosen. Several stacks in one text (an error with its causes) are fine. */
export function authorFrames(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => !isInternalFrame(line))
    .join("\n");
}
