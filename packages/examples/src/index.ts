import { fileURLToPath } from "node:url";

/** The folder with the example DAGs, to be given to a dag-processor. */
export const EXAMPLES_FOLDER = fileURLToPath(new URL("./dags/", import.meta.url));
