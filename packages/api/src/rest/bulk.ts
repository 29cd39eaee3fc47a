import { errorMessage, isTradewindError, TradewindError } from "@tradewind/core";
import { type Transaction, transaction } from "@tradewind/metadata";
import { z } from "zod";
import type { RestContext } from "./route.ts";

const OnNonExistence = z.enum(["fail", "skip"]).default("fail");

/** That one request may change. */
export const MOST_ENTITIES = 1000;

/** What it counts as where changes are limited. */
export function countEntities({ actions }: { actions: readonly { entities: readonly unknown[] }[] }): number {
  return actions.reduce((sum, { entities }) => sum + entities.length, 0);
}

/** Airflow's bulk body: a list of actions, each over a list of entities. */
export function bulkBody<Entity extends z.ZodType>(entity: Entity) {
  const body = z.strictObject({
    actions: z.array(
      z.discriminatedUnion("action", [
        z.strictObject({
          action: z.literal("create"),
          entities: z.array(entity),
          action_on_existence: z.enum(["fail", "skip", "overwrite"]).default("fail"),
        }),
        z.strictObject({
          action: z.literal("update"),
          entities: z.array(entity),
          update_mask: z.array(z.string()).nullable().optional(),
          action_on_non_existence: OnNonExistence,
        }),
        z.strictObject({ action: z.literal("delete"), entities: z.array(z.union([z.string(), entity])), action_on_non_existence: OnNonExistence }),
      ]),
    ),
  });
  return body.refine((sent) => countEntities(sent) <= MOST_ENTITIES, {
    error: `One request may change ${MOST_ENTITIES} entities in all its actions: send the others in further ones.`,
    path: ["actions"],
  });
}

/** Each error is `{ error, status_code }`; Airflow's document leaves that open. */
const ActionResponse = z
  .strictObject({ success: z.array(z.string()), errors: z.array(z.record(z.string(), z.unknown())) })
  .meta({ id: "BulkActionResponse" });
type ActionAnswer = z.infer<typeof ActionResponse>;
export const BulkResponse = z
  .strictObject({
    create: ActionResponse.nullable(),
    update: ActionResponse.nullable(),
    delete: ActionResponse.nullable(),
  })
  .meta({ id: "BulkResponse" });

/** How one kind of thing is changed inside a transaction. Each throws when it cannot: `already_exists`, or a `…_not_found`. */
export interface BulkChanges<Entity> {
  keyOf(entity: Entity): string;
  exists(tx: Transaction, key: string): Promise<boolean>;
  create(tx: Transaction, entity: Entity): Promise<void>;
  update(tx: Transaction, entity: Entity, updateMask: readonly string[] | null | undefined): Promise<void>;
  delete(tx: Transaction, key: string): Promise<void>;
}

type BulkAction<Entity> =
  | { action: "create"; entities: Entity[]; action_on_existence: "fail" | "skip" | "overwrite" }
  | { action: "update"; entities: Entity[]; update_mask?: string[] | null | undefined; action_on_non_existence: "fail" | "skip" }
  | { action: "delete"; entities: (string | Entity)[]; action_on_non_existence: "fail" | "skip" };

export type BulkBody<Entity> = { actions: BulkAction<Entity>[] };

/** How things are changed that the engine changes, each by a use case with a transaction of its own. */
export interface BulkUseCases<Entity> {
  keyOf(entity: Entity): string;
  /** What a delete means that names only an id; undefined: an id alone does not say which. */
  fromId(id: string): Entity | undefined;
  exists(entity: Entity): Promise<boolean>;
  update(entity: Entity, updateMask: readonly string[] | null | undefined): Promise<void>;
  /** Absent: they cannot be deleted. */
  delete?(entity: Entity): Promise<void>;
}

/** Entity by entity: what went wrong with one is told, and the others are done. */
export async function runBulkUseCases<Entity>({ actions }: BulkBody<Entity>, useCases: BulkUseCases<Entity>): Promise<z.infer<typeof BulkResponse>> {
  const answer: z.infer<typeof BulkResponse> = { create: null, update: null, delete: null };
  for (const action of actions) {
    const told: ActionAnswer = (answer[action.action] ??= { success: [], errors: [] });
    for (const item of action.entities) {
      try {
        const done = await useOne(action, item, useCases);
        if (done !== undefined) told.success.push(done);
      } catch (error) {
        if (!isTradewindError(error)) throw error;
        told.errors.push({ error: errorMessage(error), status_code: error.status });
      }
    }
  }
  return answer;
}

async function useOne<Entity>(action: BulkAction<Entity>, item: string | Entity, useCases: BulkUseCases<Entity>): Promise<string | undefined> {
  const entity = typeof item === "string" ? useCases.fromId(item) : item;
  if (entity === undefined)
    throw new TradewindError("invalid_request", `"${String(item)}" does not say which one is meant: give an object with all ids.`);
  const isPossible = action.action === "update" || (action.action === "delete" && useCases.delete !== undefined);
  if (!isPossible) throw new TradewindError("method_not_allowed", `Bulk ${action.action} is not possible here.`);
  if (action.action_on_non_existence === "skip" && !(await useCases.exists(entity))) return undefined;
  if (action.action === "update") await useCases.update(entity, action.update_mask);
  else await useCases.delete?.(entity);
  return useCases.keyOf(entity);
}

/** Each action is done as a whole or not at all; one that cannot be done is told with its status, and the next one is tried. */
export async function runBulk<Entity>(
  { db }: Pick<RestContext, "db">,
  { actions }: BulkBody<Entity>,
  changes: BulkChanges<Entity>,
): Promise<z.infer<typeof BulkResponse>> {
  const answer: z.infer<typeof BulkResponse> = { create: null, update: null, delete: null };
  for (const action of actions) {
    const told: ActionAnswer = (answer[action.action] ??= { success: [], errors: [] });
    try {
      told.success.push(...(await transaction(db, (tx) => runAction(tx, action, changes))));
    } catch (error) {
      if (!isTradewindError(error)) throw error;
      told.errors.push({ error: errorMessage(error), status_code: error.status });
    }
  }
  return answer;
}

/** Keys of what was changed. */
async function runAction<Entity>(tx: Transaction, action: BulkAction<Entity>, changes: BulkChanges<Entity>): Promise<string[]> {
  const done: string[] = [];
  for (const entity of action.entities) {
    const key = typeof entity === "string" ? entity : changes.keyOf(entity);
    if (await runOne(tx, action, entity, key, changes)) done.push(key);
  }
  return done;
}

async function runOne<Entity>(
  tx: Transaction,
  action: BulkAction<Entity>,
  entity: string | Entity,
  key: string,
  changes: BulkChanges<Entity>,
): Promise<boolean> {
  const exists = await changes.exists(tx, key);
  if (action.action === "create") {
    if (exists && action.action_on_existence === "skip") return false;
    if (exists && action.action_on_existence === "overwrite") await changes.update(tx, entity as Entity, undefined);
    else await changes.create(tx, entity as Entity);
    return true;
  }
  if (!exists && action.action_on_non_existence === "skip") return false;
  if (action.action === "update") await changes.update(tx, entity as Entity, action.update_mask);
  else await changes.delete(tx, key);
  return true;
}
