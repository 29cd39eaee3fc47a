/**
 * Who is told when something has happened: a chat, a program over HTTP, people by mail. Callbacks never change how a task or a run ended.
 *
 * `tradewind connections set chat --conn-type slackwebhook --conn-password https://hooks.slack.com/services/T0/B0/XXXX`,
 * `tradewind connections set hooks https://hooks.example.com` and
 * `tradewind connections set mail 'smtp://user:password@mail.example.com:587?from_email=reports@example.com'`
 */
import { Dag, FailTask, getContext } from "tradewind";
import { describeEvent, slackNotifier, smtpNotifier, webhookNotifier } from "tradewind/notifiers";

export const dag = new Dag("notifications", {
  description: "Slack, webhooks and mail when something has happened",
  doc: "Needs the connections `chat` (Slack's webhook), `hooks` (HTTP) and `mail` (SMTP).",
  tags: ["example", "callbacks", "needs a connection"],
  isPausedUponCreation: true,
  params: { failing: { type: "boolean", default: true, description: "Whether to have something to tell about." } },
  // Of the run: once, at its end.
  onSuccess: webhookNotifier({ connection: "hooks", url: "/finished" }),
  onFailure: [
    webhookNotifier({ connection: "hooks", url: "/failed", body: ({ dag, run, reason }) => ({ incident: `${dag.dagId} ${run.runId}`, reason }) }),
    smtpNotifier({ connection: "mail", to: "owners@example.com", subject: (context) => `[data] ${describeEvent(context)}` }),
  ],
});

const load = dag.task(
  "load",
  () => {
    if (getContext<typeof dag>().params.failing) throw new FailTask("the source is empty");
    return 12;
  },
  {
    // Of each task: when it has failed for good, and when it was skipped.
    onFailure: slackNotifier({ connection: "chat", text: (context) => `:fire: ${describeEvent(context)}: ${context.error?.message}` }),
  },
);
const publish = dag.task("publish", ({ rows }: { rows: number }) => rows);

publish({ rows: load() });
