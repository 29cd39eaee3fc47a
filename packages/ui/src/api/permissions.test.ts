import { expect, test } from "vitest";
import { mayDo, type Rights } from "./permissions.ts";

const VIEWER: Rights = { permissions: ["dags:read", "dag_runs:read", "pools:read"], dag_grants: [{ dag_id: "own", actions: ["read", "edit"] }] };

test.each([
  ["what the role allows, for every DAG", "dags:read", "any", true],
  ["what a grant allows, for its DAG", "dag_runs:create", "own", true],
  ["not for another", "dag_runs:create", "any", false],
  ["for some DAG", "dag_runs:create", undefined, true],
  ["not what takes another grant", "dags:delete", "own", false],
  ["not what no grant gives", "pools:edit", undefined, false],
])("%s", (_name, permission, dagId, is) => expect(mayDo(VIEWER, permission, dagId)).toBe(is));
