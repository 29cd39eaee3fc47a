export { webhookNotifier, type WebhookNotifierOptions, type WebhookPayload } from "./webhook.ts";
export { slackNotifier, type SlackNotifierOptions } from "./slack.ts";
export { smtpNotifier, type SmtpNotifierOptions } from "./smtp.ts";
export { describeEvent, type Notifier, type NotifierText } from "./notifier.ts";
