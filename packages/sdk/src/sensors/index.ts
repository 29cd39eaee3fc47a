/** Tasks that wait for something. Add one with `dag.add(fileSensor("arrived", { … }))`; a function of your own becomes one by `dag.sensor`. */
export { PokeReturn } from "./poke-return.ts";
export { makeSensor, type PokeAnswer, sensor, type SensorOptions, type SensorResult } from "./sensor.ts";
export {
  dateTimeSensor,
  type DateTimeSensorOptions,
  dayOfWeekSensor,
  type DayOfWeekSensorOptions,
  timeDeltaSensor,
  type TimeDeltaSensorOptions,
  timeSensor,
  type TimeSensorOptions,
  type WeekDay,
} from "./time-sensors.ts";
export { httpSensor, type HttpSensorOptions } from "./http-sensor.ts";
export { sqlSensor, type SqlSensorOptions } from "./sql-sensor.ts";
export { fileSensor, type FileSensorOptions } from "./file-sensor.ts";
export { externalTaskSensor, type ExternalTaskSensorOptions } from "./external-task-sensor.ts";
