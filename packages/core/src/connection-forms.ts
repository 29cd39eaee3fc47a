/** Where a field of a form is kept: in a column of the connection, or in a member of its `extra`. */
export type ConnectionPlace = "host" | "port" | "login" | "password" | "schema" | `extra.${string}`;

export interface ConnectionField {
  place: ConnectionPlace;
  label: string;
  /** `secret` is shown to nobody once it is stored; `long_…` is of several lines. */
  type: "text" | "number" | "boolean" | "secret" | "long_secret" | "choice";
  isRequired: boolean;
  /** What it looks like, or what is taken without it. */
  example: string;
  /** For the type `choice`. */
  choices: readonly string[];
}

/** What a person is asked for, for a connection of one type, in the words of the system at its other end. */
export interface ConnectionForm {
  connType: string;
  title: string;
  /** Other values of `connType` that mean the same, Airflow's among them. */
  otherTypes: readonly string[];
  fields: readonly ConnectionField[];
}

type Facts = Partial<Pick<ConnectionField, "type" | "isRequired" | "choices">>;

function field(
  place: ConnectionPlace,
  label: string,
  example = "",
  { type = "text", isRequired = false, choices = [] }: Facts = {},
): ConnectionField {
  return { place, label, type, isRequired, example, choices };
}

const SECRET = { type: "secret" } as const;
const NUMBER = { type: "number" } as const;
const BOOLEAN = { type: "boolean" } as const;

/**
 * The types that operators know how to use. Any other type can be stored too, with all columns and `extra` as it is.
 * The SDK reads connections of each type by the same places and names.
 */
export const CONNECTION_FORMS: readonly ConnectionForm[] = [
  {
    connType: "postgres",
    title: "PostgreSQL",
    otherTypes: ["postgresql"],
    fields: [
      field("host", "Host", "localhost"),
      field("port", "Port", "5432", NUMBER),
      field("schema", "Database", "the user's name"),
      field("login", "User"),
      field("password", "Password", "", SECRET),
      field("extra.sslmode", "TLS", "disable", {
        type: "choice",
        choices: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
      }),
      field("extra.application_name", "Application name", "tradewind"),
      field("extra.connect_timeout", "Connect timeout (s)", "10", NUMBER),
    ],
  },
  {
    connType: "http",
    title: "HTTP",
    otherTypes: ["https"],
    fields: [
      field("host", "Base URL", "https://api.example.com"),
      field("port", "Port", "", NUMBER),
      field("extra.auth", "Authentication", "basic, with a user name", { type: "choice", choices: ["basic", "bearer"] }),
      field("login", "User"),
      field("password", "Password or bearer token", "", SECRET),
    ],
  },
  {
    connType: "slack_webhook",
    title: "Slack webhook",
    otherTypes: ["slackwebhook"],
    fields: [field("password", "Webhook URL", "https://hooks.slack.com/services/…", { type: "secret", isRequired: true })],
  },
  {
    connType: "smtp",
    title: "Mail server (SMTP)",
    otherTypes: ["email"],
    fields: [
      field("host", "Host", "smtp.example.com", { isRequired: true }),
      field("port", "Port", "465", NUMBER),
      field("login", "User"),
      field("password", "Password", "", SECRET),
      field("extra.from_email", "Sender", "tradewind@example.com"),
      field("extra.disable_ssl", "No TLS from the first byte (STARTTLS where the server can)", "", BOOLEAN),
      field("extra.disable_tls", "No STARTTLS either", "", BOOLEAN),
      field("extra.timeout", "Timeout (s)", "30", NUMBER),
    ],
  },
  {
    connType: "s3",
    title: "Amazon S3, or what speaks its protocol",
    otherTypes: ["aws"],
    fields: [
      field("login", "Access key id", "the machine's own credentials"),
      field("password", "Secret access key", "", SECRET),
      field("extra.region_name", "Region", "us-east-1"),
      field("extra.endpoint_url", "Endpoint", "Amazon's"),
      field("schema", "Bucket", "named by each path"),
    ],
  },
  {
    connType: "gcs",
    title: "Google Cloud Storage",
    otherTypes: ["google_cloud_platform", "google_cloud_storage"],
    fields: [
      field("extra.keyfile_dict", "Key of a service account (JSON)", "the machine's own credentials", { type: "long_secret" }),
      field("extra.key_path", "… or a file of the worker that has it"),
      field("schema", "Bucket", "named by each path"),
      field("extra.endpoint_url", "Endpoint", "Google's"),
    ],
  },
  {
    connType: "azure_blob",
    title: "Azure Blob Storage",
    otherTypes: ["wasb", "azblob", "azure"],
    fields: [
      field("login", "Account", "", { isRequired: true }),
      field("password", "Account key", "", SECRET),
      field("extra.sas_token", "… or SAS token", "", SECRET),
      field("schema", "Container", "named by each path"),
      field("host", "Endpoint", "https://{account}.blob.core.windows.net"),
    ],
  },
  {
    connType: "fs",
    title: "Folder of the worker",
    otherTypes: ["file"],
    fields: [field("extra.path", "Path", "/")],
  },
  {
    connType: "docker",
    title: "Docker or Podman",
    otherTypes: ["podman"],
    fields: [
      field("host", "Address", "unix:///var/run/docker.sock"),
      field("port", "Port", "2375, with TLS 2376", NUMBER),
      field("extra.registry", "Registry", "Docker Hub"),
      field("login", "User of the registry"),
      field("password", "Password of the registry", "", SECRET),
      field("extra.ca", "Certificate authority (PEM)", "", { type: "long_secret" }),
      field("extra.cert", "Client certificate (PEM)", "", { type: "long_secret" }),
      field("extra.key", "Client key (PEM)", "", { type: "long_secret" }),
    ],
  },
];

/** The form for a type, under any of its names. undefined: a type of one's own. */
export function connectionFormOf(connType: string): ConnectionForm | undefined {
  const name = connType.toLowerCase().replaceAll("-", "_");
  return CONNECTION_FORMS.find((form) => form.connType === name || form.otherTypes.includes(name));
}
