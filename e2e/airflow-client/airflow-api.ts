/** Where the day's work has its paths from: here Tradewind's own; the test puts those of Airflow's document in their place. */
export type { paths } from "@tradewind/client";
