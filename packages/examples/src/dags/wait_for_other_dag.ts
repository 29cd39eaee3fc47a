/** A DAG that waits for tasks of another: for the run of the same logical date, and for those of the days before. Unpause both. */
import { Dag } from "tradewind";
import { externalTaskSensor, type SensorOptions } from "tradewind/sensors";

const schedule = "@daily";
const startDate = "2026-01-01";
const tags = ["example", "sensors", "dependencies"];

const load = new Dag("load_stores", { description: "Loads what stores_report waits for", schedule, startDate, tags });
load.taskGroup("stores", () => ["north", "south"].forEach((store) => load.task(store, () => `${store} is loaded`)()));

const report = new Dag("stores_report", { description: "Waits for tasks of load_stores", schedule, startDate, tags });

// A failed task is waited for, since it may be cleared and succeed, unless `failedStates` says otherwise.
const patient: SensorOptions = { mode: "reschedule", pokeInterval: "30s", timeout: "6h" };
const dagId = load.dagId;
const today = report.add(externalTaskSensor("all_stores", { dagId, taskGroupId: "stores", failedStates: ["failed"], ...patient }));
const north = report.add(externalTaskSensor("north", { dagId, taskId: "stores.north", checkExistence: true, ...patient }));
// The run as a whole, of the day before. Without one (on the first day) it is skipped when the time is up.
const yesterday = report.add(externalTaskSensor("yesterday", { dagId, executionDelta: "1d", ...patient, timeout: "1m", softFail: true }));

const write = report.task("write", () => "a report about all stores", { triggerRule: "none_failed" });
write().after(today, north, yesterday);

export { load, report };
