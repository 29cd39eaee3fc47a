/** Ready-made tasks. Add one to a DAG with `dag.add(bash("load", { … }))`, or `dag.task(bash(…))` to call or map it like any other task. */
export { bash, type BashOptions } from "./bash.ts";
export { type CheckReport, type CheckResult } from "./check-report.ts";
export { docker, type DockerMount, type DockerOptions } from "./docker.ts";
export { email, type EmailOptions, type MailAddresses, type MailAttachment, type MailReceipt } from "./email.ts";
export { empty } from "./empty.ts";
export { type FileLocation, fileTransfer, type FileTransferOptions, type FileTransferResult } from "./file-transfer.ts";
export { type BodyOf, http, type HttpOptions, type HttpResponse, type NextPage, type PagedHttpOptions } from "./http.ts";
export { sqlBranch, type SqlBranchOptions } from "./sql-branch.ts";
export {
  type CheckOptions,
  sqlCheck,
  type SqlCheckOptions,
  sqlThresholdCheck,
  type SqlThresholdCheckOptions,
  sqlUniqueCheck,
  type SqlUniqueCheckOptions,
  sqlValueCheck,
  type SqlValueCheckOptions,
} from "./sql-checks.ts";
export { type ColumnCheckName, type ColumnComparison, type ColumnMapping, sqlColumnCheck, type SqlColumnCheckOptions } from "./sql-column-check.ts";
export { sqlIntervalCheck, type SqlIntervalCheckOptions } from "./sql-interval-check.ts";
export { sqlTableCheck, type SqlTableCheckOptions, type TableCheck } from "./sql-table-check.ts";
export { sql, type SqlOptions, type SqlRow, type SqlStatementInfo } from "./sql.ts";
export { transfer, type TransferOptions } from "./transfer.ts";
export { triggerDagRun, type TriggerDagRunOptions, type TriggeredRun } from "./trigger-dag-run.ts";
export { registerSqlDriver, type SqlAnswer, type SqlBatch, type SqlDriver, type SqlFirstRow, type SqlSession } from "../sql/sql-driver.ts";
