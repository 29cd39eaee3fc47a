/** `apache-airflow-ts-sdk/coordinator`: what Airflow starts bundles with. Tradewind starts them itself, so only the version that files may ask for is here. */

/** The version of Airflow's supervisor protocol that the SDK of the same date speaks. For people only. */
export const SUPERVISOR_API_VERSION = "2026-06-16";
