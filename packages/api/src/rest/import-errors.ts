import { TradewindError } from "@tradewind/core";
import { findImportError, IMPORT_ERROR_ORDER_COLUMNS, type ImportErrorRow, listImportErrors } from "@tradewind/metadata/rest";
import { z } from "zod";
import { paging, patterns, readPage, text } from "../http/query-values.ts";
import { Instant, toIso } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const ImportErrorResponse = z
  .strictObject({
    import_error_id: z.number(),
    timestamp: Instant,
    filename: z.string(),
    bundle_name: z.string().nullable(),
    stack_trace: z.string(),
  })
  .meta({ id: "ImportErrorResponse" });
const ImportErrorCollectionResponse = z
  .strictObject({ import_errors: z.array(ImportErrorResponse), total_entries: z.number() })
  .meta({ id: "ImportErrorCollectionResponse" });

/** Airflow shows the stack trace only, so it begins with what people need: where it is, what is wrong, and the lines around it. */
function toResponse(error: ImportErrorRow): z.infer<typeof ImportErrorResponse> {
  const place = error.line === null ? error.relativePath : `${error.relativePath}:${error.line}${error.column === null ? "" : `:${error.column}`}`;
  const parts = [`${place}: ${error.message}`, error.frame, error.stackTrace === error.message ? null : error.stackTrace];
  return {
    import_error_id: error.id,
    timestamp: toIso(error.timestamp),
    filename: error.relativePath,
    bundle_name: error.bundleName,
    stack_trace: parts
      .filter((part, index) => part !== null && part !== "" && !parts.slice(0, index).some((before) => before?.includes(part)))
      .join("\n\n"),
  };
}

export function importErrorRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/importErrors",
      access: "import_errors:read",
      query: z.object({ ...paging, ...patterns("filename"), filename: text, bundle_name: text }),
      status: 200,
      answer: ImportErrorCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listImportErrors(context.db, {
        filter: {
          filename: query.filename,
          filenamePattern: query.filename_pattern,
          filenamePrefixPattern: query.filename_prefix_pattern,
          bundleName: query.bundle_name,
        },
        page: readPage(query, context.pageLimits, { columns: IMPORT_ERROR_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { import_errors: items.map(toResponse), total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/importErrors/{import_error_id}",
      access: "import_errors:read",
      pathSchema: z.object({ import_error_id: z.coerce.number().int() }),
      status: 200,
      answer: ImportErrorResponse,
    },
    async ({ path }) => {
      const error = await findImportError(context.db, { id: path.import_error_id });
      if (error !== undefined) return toResponse(error);
      throw new TradewindError("import_error_not_found", `The ImportError with import_error_id: \`${path.import_error_id}\` was not found`);
    },
  );
}
