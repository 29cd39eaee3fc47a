import { api } from "../shapes/api.ts";
import { apiLoad } from "../shapes/api-load.ts";
import { besideBig } from "../shapes/beside-big.ts";
import { blocked } from "../shapes/blocked.ts";
import { bullmq } from "../shapes/bullmq.ts";
import { chain, longChains } from "../shapes/chain.ts";
import { due } from "../shapes/due.ts";
import { fanOut, wideFanOut } from "../shapes/fan-out.ts";
import { files, manyFiles } from "../shapes/files.ts";
import { history } from "../shapes/history.ts";
import { idle } from "../shapes/idle.ts";
import { steady } from "../shapes/steady.ts";
import { threeStep } from "../shapes/three-step.ts";
import { bigThroughput, forms, schedulers, throughput } from "../shapes/throughput.ts";
import type { Shape } from "./shape.ts";

/** All, in the order in which they are run. */
export const SHAPES: readonly Shape[] = [
  chain,
  threeStep,
  throughput,
  fanOut,
  files,
  idle,
  longChains,
  wideFanOut,
  forms,
  bigThroughput,
  schedulers,
  manyFiles,
  due,
  blocked,
  besideBig,
  apiLoad,
  steady,
  history,
  bullmq,
  api,
];
