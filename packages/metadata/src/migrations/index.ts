import type { Migration } from "../migrations.ts";
import { initial } from "./0001-initial.ts";
import { workers } from "./0002-workers.ts";
import { schedulingRules } from "./0003-scheduling-rules.ts";
import { dagWarnings } from "./0004-dag-warnings.ts";
import { accessTokens } from "./0005-access-tokens.ts";
import { lists } from "./0006-lists.ts";
import { usersAndGrants } from "./0007-users-and-grants.ts";
import { requestsOfPeople } from "./0008-requests-of-people.ts";
import { draining } from "./0009-draining.ts";
import { claimedConnectionTests } from "./0010-claimed-connection-tests.ts";
import { roomInPages } from "./0011-room-in-pages.ts";

/** Every schema step of this release, in order. A released step is never edited: write the next one. */
export const migrations: readonly Migration[] = [
  initial,
  workers,
  schedulingRules,
  dagWarnings,
  accessTokens,
  lists,
  usersAndGrants,
  requestsOfPeople,
  draining,
  claimedConnectionTests,
  roomInPages,
];
