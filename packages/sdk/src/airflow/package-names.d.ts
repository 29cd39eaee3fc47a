/** The names under which DAG files import Airflow's SDK, for the compiler. */
declare module "apache-airflow-ts-sdk" {
  export * from "tradewind/airflow";
}
declare module "apache-airflow-ts-sdk/hitl" {
  export * from "tradewind/airflow/hitl";
}
declare module "apache-airflow-ts-sdk/coordinator" {
  export * from "tradewind/airflow/coordinator";
}
declare module "@apache-airflow/ts-sdk" {
  export * from "tradewind/airflow";
}
declare module "@apache-airflow/ts-sdk/hitl" {
  export * from "tradewind/airflow/hitl";
}
declare module "@apache-airflow/ts-sdk/coordinator" {
  export * from "tradewind/airflow/coordinator";
}
