import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Where the built user interface is, or would be: the launcher and the image build it. */
export function uiFolder(): string {
  return join(dirname(fileURLToPath(import.meta.resolve("@tradewind/ui/package.json"))), "dist");
}
