import { TradewindError } from "@tradewind/core";
import type { Fernet } from "@tradewind/metadata";
import type { Keyset, OrderColumns, Page } from "@tradewind/metadata/rest";
import { z } from "zod";
import { type PageLimits, readPage } from "./query-values.ts";

/** What a cursor holds. Sealed, so that it is opaque to clients and what comes back is what was given out: its values go into a statement as they are. */
const Cursor = z.strictObject({
  order: z.array(z.string()),
  values: z.array(z.string().nullable()),
  id: z.number().int(),
  backwards: z.boolean(),
});

/**
 * The page asked for by limit and offset or, with a cursor, by that: an empty one stands for the first page.
 * @throws TradewindError `invalid_request` (400) for an order that does not exist here, and for a cursor that was not given out here for this order.
 */
export function readCursorPage(
  query: { limit: number; offset: number; order_by?: readonly string[] | undefined; cursor?: string | undefined },
  limits: PageLimits,
  { fernet, ...order }: { columns: OrderColumns; byDefault: readonly string[]; fernet: Fernet },
): Page {
  const page = readPage(query, limits, order);
  if (query.cursor === undefined) return page;
  if (query.cursor === "") return { ...page, keyset: { from: null, backwards: false } };
  const cursor = openCursor(query.cursor, fernet);
  if (JSON.stringify(cursor.order) !== JSON.stringify(page.orderBy)) {
    throw new TradewindError(
      "invalid_request",
      `This cursor is one for the order ${cursor.order.join(", ")}, and the order asked for is ${page.orderBy.join(", ")}. Ask with the same order_by as for the page before, or begin with an empty cursor.`,
    );
  }
  const { values, id, backwards } = cursor;
  return { ...page, keyset: { from: { values, id }, backwards } };
}

function openCursor(text: string, fernet: Fernet): z.infer<typeof Cursor> {
  try {
    return Cursor.parse(JSON.parse(fernet.decrypt(text)));
  } catch (cause) {
    throw new TradewindError(
      "invalid_request",
      "The cursor is none that was given out here. Use next_cursor or previous_cursor of an answer as it is, or begin with an empty cursor.",
      { cause },
    );
  }
}

/** The cursors of an answer; null where there is no further page, and with pages by offset. */
export function sealCursors(
  { previous, next }: { previous: Keyset | null; next: Keyset | null },
  { orderBy }: Page,
  fernet: Fernet,
): { next_cursor: string | null; previous_cursor: string | null } {
  const seal = (keyset: Keyset | null): string | null =>
    keyset?.from == null ? null : fernet.encrypt(JSON.stringify({ order: orderBy, ...keyset.from, backwards: keyset.backwards }));
  return { next_cursor: seal(next), previous_cursor: seal(previous) };
}
