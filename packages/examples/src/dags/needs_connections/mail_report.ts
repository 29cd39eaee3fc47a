/**
 * A report by e-mail with an attachment. A mail to the owners when a task of the DAG has failed is a notifier.
 *
 * `tradewind connections set mail 'smtp://user:password@mail.example.com:587?from_email=reports@example.com'`
 */
import { Dag, getContext, type TemplateContext } from "tradewind";
import { smtpNotifier } from "tradewind/notifiers";
import { email } from "tradewind/operators";

export const dag = new Dag("mail_report", {
  description: "A report by e-mail, and a mail when something fails",
  doc: "Needs the connection `mail`: `tradewind connections set mail 'smtp://user:password@mail.example.com:587?from_email=reports@example.com'`",
  tags: ["example", "email", "needs a connection"],
  isPausedUponCreation: true,
  params: { to: { type: "string", format: "email", default: "team@example.com" } },
  defaultArgs: { onFailure: smtpNotifier({ connection: "mail", to: "owners@example.com" }) },
});

const collect = dag.task("collect", () => [
  { store: "north", orders: 12 },
  { store: "south", orders: 9 },
]);

type Rows = TemplateContext<{ rows: { store: string; orders: number }[] }>;
const send = dag.task(
  email("send", {
    connection: "mail",
    // What types the params is the DAG.
    to: () => getContext<typeof dag>().params.to,
    subject: ({ ds }) => `Orders of ${ds}`,
    // Programs that show no HTML show the text.
    text: ({ inputs }: Rows) => inputs.rows.map(({ store, orders }) => `${store}: ${orders}`).join("\n"),
    html: ({ inputs }: Rows) => `<ul>${inputs.rows.map(({ store, orders }) => `<li>${store}: <b>${orders}</b></li>`).join("")}</ul>`,
    attachments: ({ ds, inputs }: Rows) => [
      { filename: `orders-${ds}.csv`, content: ["store;orders", ...inputs.rows.map(({ store, orders }) => `${store};${orders}`)].join("\n") },
    ],
    // A second try may send the mail a second time: better none than two.
    retries: 0,
  }),
);

send({ rows: collect() });
