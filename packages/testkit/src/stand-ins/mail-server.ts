import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  recipients: string[];
  /** The message as it was sent, headers first. */
  source: string;
}

/** A mail server on this machine that takes everything and delivers nothing. */
export class MailServer {
  readonly received: ReceivedMail[] = [];
  port = 0;
  readonly #server = new SMTPServer({
    authOptional: true,
    onData: (stream, session, done) =>
      void text(stream).then((source) => {
        this.received.push({ recipients: session.envelope.rcptTo.map(({ address }) => address), source });
        done();
      }),
  });

  async start(): Promise<this> {
    // A client that goes away in the middle is no matter of the test.
    this.#server.on("error", () => undefined);
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.port = (this.#server.server.address() as AddressInfo).port;
    return this;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
