import type { Duration, Json } from "@tradewind/core";
import { z } from "zod";
import { isTemplate } from "../templates/jinja-parser.ts";

/** The values that options of YAML DAGs take. Each says what it expects, for errors and for the published JSON schema. */

const DURATION = /^\s*(?:\d+(?:\.\d+)?(?:ms|d|h|m|s)\s*)+$/;
const durationError = 'must be a duration such as "30s", "5m", "1h30m" or { hours: 1 }';

/** Numbers are not taken: without a unit, `30` would be milliseconds to some and seconds to others. */
export const duration = z
  .union(
    [
      z.string().regex(DURATION),
      z.strictObject({
        days: z.number().optional(),
        hours: z.number().optional(),
        minutes: z.number().optional(),
        seconds: z.number().optional(),
        milliseconds: z.number().optional(),
      }),
    ],
    { error: durationError },
  )
  .meta({ id: "duration" }) as z.ZodType<Duration>;

/** Checked when the DAG is built: a date without an offset is local time in the DAG's zone. */
export const instant = z.string({ error: 'must be a date such as "2026-01-31" or "2026-01-31T06:00:00Z"' });

/** A text in which Jinja's `{{ … }}` is rendered when the task runs. */
export const template = z.string();

/** A text that is the same for all runs. Without this check a template would be taken for a name. */
export const plain = z.string().refine((text) => !isTemplate(text), { error: "must be a plain text: templates are not rendered here" });

export const json: z.ZodType<Json> = z.json({ error: "must be JSON: texts, numbers, true, false, null, lists and objects" });

export const texts = z.union([z.string(), z.array(z.string())], { error: "must be a text or a list of texts" });

export const textMap = z.record(z.string(), z.string());

export const count = (least: number) =>
  z.int({ error: `must be a whole number of ${least} or more` }).min(least, { error: `must be ${least} or more` });

const KEY = /^[A-Za-z0-9_.-]+$/;
export const dagId = z.string().regex(KEY, { error: 'must be made of letters, digits, "_", "-" and "."' });
export const localId = z.string().regex(/^[A-Za-z0-9_-]+$/, { error: 'must be made of letters, digits, "_" and "-"' });

/** A path, `scheme://connection@bucket/path`, or a path under a connection. */
export const fileLocation = z.union([z.string(), z.strictObject({ connection: z.string(), path: z.string() })], {
  error: "must be a path, a URL such as s3://connection@bucket/path, or { connection, path }",
});

/** Values for `$1`, `$2` … of a query. */
export const parameters = z.array(json);
