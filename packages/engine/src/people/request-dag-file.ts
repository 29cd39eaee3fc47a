import { insertDagFileRequest, transaction } from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";

/** Asks for a DAG file to be read again, as Airflow's priority parsing request. */
export async function requestDagFile(context: EngineContext, options: Parameters<PeopleUseCases["requestDagFile"]>[0]): Promise<void> {
  const { bundleName, relativePath, dagIds, actor } = options;
  await transaction(context.db, async (tx) => {
    await insertDagFileRequest(tx, { bundleName, relativePath });
    const extra = { bundle_name: bundleName, relative_fileloc: relativePath, dag_ids: dagIds };
    await insertEventLog(tx, { event: "reparse_dag_file", owner: actor.name, ...(dagIds.length === 1 && { dagId: dagIds[0]! }), extra });
  });
  context.wake("dag_files");
}
