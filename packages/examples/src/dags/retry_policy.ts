/** What an error means for the retries: rules in order, the first that fits decides. */
import { Dag, getContext } from "tradewind";

class QuotaExceeded extends Error {
  override name = "QuotaExceeded";
}

export const dag = new Dag("retry_policy", {
  description: "Rules that say which errors are worth another try, and when",
  tags: ["example", "retries"],
  isPausedUponCreation: false,
});

const fetchRates = dag.task(
  "fetch_rates",
  () => {
    const { tryNumber } = getContext().attempt;
    if (tryNumber === 1) throw Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" });
    return { eur: 1, usd: 1.1 };
  },
  {
    retries: 3,
    retryDelay: "5m",
    retryPolicy: [
      // The network is back soon: no need to wait for five minutes.
      { code: ["ECONNRESET", "ETIMEDOUT"], action: "retry", delay: "1s", reason: "the network" },
      { error: "QuotaExceeded", action: "fail", reason: "no use before tomorrow" },
      { error: TypeError, action: "fail", reason: "a mistake in the code" },
    ],
  },
);
const useQuota = dag.task(
  "use_quota",
  () => {
    throw new QuotaExceeded("all calls of today are used");
  },
  { retries: 3, retryPolicy: [{ error: QuotaExceeded, action: "fail", reason: "no use before tomorrow" }] },
);
const report = dag.task("report", ({ rates }: { rates: Record<string, number> }) => Object.keys(rates).length, { triggerRule: "one_success" });

report({ rates: fetchRates() }).after(useQuota());
